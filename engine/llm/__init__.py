"""Large language models behind one contract: a server that speaks OpenAI's protocol, or vLLM in this process."""
