import pytest

from glotmill.engine.llm.answer_check import cleaned, not_a_translation

DOG = "A brown dog runs on the grass."
HUND = "Ein brauner Hund läuft auf dem Gras."


def reason(answer, source=DOG, lang="deu_Latn"):
    return not_a_translation(source, cleaned(source, answer), "eng_Latn", lang)


@pytest.mark.parametrize("answer", [HUND, f" {HUND}\n", f'"{HUND}"', f"<text>\n{HUND}\n</text>", f"„{HUND}“"])
def test_what_stands_around_a_whole_translation_is_taken_off(answer):
    assert cleaned(DOG, answer) == HUND
    assert reason(answer) is None


def test_quotation_marks_of_the_source_and_inside_a_translation_stay():
    assert cleaned('"Stop"', '"Halt"') == '"Halt"'
    assert cleaned('Signs say "A" and "B".', '"A" und "B"') == '"A" und "B"'


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("", "empty_output"),
        ('""', None),  # two marks are a text
        (f"Here is the translation: {HUND}", "wrapper_leak"),
        (f"Sure! {HUND}", "wrapper_leak"),
        (f"Translation: {HUND}", "wrapper_leak"),
        (f"German: {HUND}", "wrapper_leak"),
        (f"The German translation of the text is {HUND}", "wrapper_leak"),
        (f"```\n{HUND}\n```", "wrapper_leak"),
        (f"{HUND} </text>", "wrapper_leak"),
        (f"{HUND} (Note: Gras is neuter)", "wrapper_leak"),
        (f"<think>a dog…</think>{HUND}", "reasoning_leak"),
        ("Okay, so the user wants German here", "reasoning_leak"),
        ("I'm sorry, but I can't translate this.", "refusal"),
        ("As an AI language model, I have no eyes.", "refusal"),
        ("You translate texts about pictures from English into German", "prompt_leak"),
        (f"{HUND}\n{HUND}", "extra_lines"),
        (f"{HUND} " * 10, "overlong"),
        (DOG, "echo"),
        (DOG.lower().replace(".", "!"), "echo"),
    ],
)
def test_what_is_no_translation_has_a_name(answer, expected):
    assert reason(answer) == expected


def test_a_source_may_say_such_things_itself():
    said = "I'm sorry, but I cannot translate this."
    assert not_a_translation(said, "I'm sorry, but I cannot translate this sign.", "eng_Latn", "eng_Latn") is None
    assert reason("Antwort: Here is the translation", source="Answer: here is the translation") is None


def test_names_and_single_words_may_stay_as_they_are():
    assert reason("Coca-Cola", source="Coca-Cola") is None
    assert reason("New York", source="New York") is None


@pytest.mark.parametrize("lang", ["rus_Cyrl", "zho_Hans", "jpn_Jpan", "kor_Hang", "tha_Thai", "hin_Deva"])
def test_a_sentence_in_another_script_is_named(lang):
    assert reason(HUND, lang=lang) == "wrong_script"
    assert reason("dog", source="dog", lang=lang) is None  # too little to tell; the script scorer judges


def test_a_sentence_in_the_right_script_is_not():
    assert reason("Бурая собака бежит по траве.", lang="rus_Cyrl") is None
    assert reason("一只棕色的狗在草地上奔跑。", lang="zho_Hans") is None
