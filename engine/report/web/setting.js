// What a threshold is called in the recipe, and the command that sets another.

/** The last score that passes, as the parameter that makes it so. */
function asParameter(rule, threshold) {
  return rule.inclusive ? score(threshold) : String(threshold);
}

/** [key, value] of everything to set for a threshold; null where an expression has to be written by hand. */
function settingsOf(rule, threshold) {
  const settings = rule.parameters.map(({ key }) => [key, asParameter(rule, threshold)]);
  if (rule.code.startsWith("user.")) {
    const parts = rule.description.split(/(?<![\w.])(-?\d+(?:\.\d+)?)(?![\w.])/);
    if (parts.length !== 3 || Number(parts[1]) !== rule.at) return null;
    settings.push([`filter.${rule.code}.fails`, `${parts[0]}${threshold}${parts[2]}`]);
  }
  if (rule.action === "off") settings.push([`filter.${rule.code}.action`, "reject"]);
  return settings;
}

/** A word as a shell takes it. */
function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The folder of the build: the one that this page lies in, if it was opened as a file. */
function buildFolder(data, place = location) {
  if (place.protocol !== "file:") return `outputs/${data.name}`;
  const folder = decodeURIComponent(place.pathname).replace(/\/[^/]*$/, "") || "/";
  return folder.replace(/^\/(?=[A-Za-z]:)/, "");
}

/** What is set now, or, with a threshold, what would be and the command for it. */
function showSetting(data, rule, threshold) {
  const named = (key, value) => el("code", {}, `${key}: ${value}`);
  const joined = (nodes) => nodes.flatMap((node, place) => (place ? [", ", node] : [node]));
  if (threshold === null) {
    const now = rule.code.startsWith("user.") ? [named(`filter.${rule.code}.fails`, rule.description)]
      : rule.parameters.map(({ key, value }) => named(key, value ?? "fitted by the calibration"));
    return ["In the recipe: ", ...joined(now), ". Move the slider for the command that sets another value."];
  }
  const settings = settingsOf(rule, threshold);
  if (settings === null) return [`Write ${score(threshold)} into filter.${rule.code}.fails of the recipe.`];
  const text = ["glotmill refilter", quoted(buildFolder(data)),
    ...settings.map(([key, value]) => `--set ${quoted(`${key}=${value}`)}`)].join(" ");
  const command = el("code", { id: "command", class: "command", tabindex: 0 }, text);
  const copy = el("button", { type: "button", id: "copy", click: () => copyText(command, copy) }, "Copy");
  return ["In the recipe: ", ...joined(settings.map(([key, value]) => named(key, value))),
    el("span", { class: "commands" }, command, copy)];
}

/** Copy a node's text; where the browser does not let a page copy, select it for the reader to copy. */
async function copyText(node, button) {
  getSelection().selectAllChildren(node);
  try {
    await navigator.clipboard.writeText(node.textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Selected";
  }
}
