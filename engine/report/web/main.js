// How it was made, the theme, and the start.

// What records carry in the place of a refused template, where it is no other template.
const INSTEAD = { source: "an English instruction", template_refused: "nothing, so they fail" };

function showMaking(data) {
  const parts = [];
  const add = (title, heads, rows) => parts.push(el("h3", {}, title), table(heads, rows, title));
  const ways = [["forward", data.segments], ["back-translation", data.back_translation]].filter(([, way]) => way);
  if (ways.length) {
    add("Translation memory", ["way", "segments requested", "different", "translated", "from memory", "second decode", "failed"],
      ways.map(([name, w]) => [name, w.requested, w.unique, w.translated, w.from_memory, w.retried, w.failed]));
    parts.push(el("p", {}, `${percent(data.saved)} of the requested segments, forward and back, were not sent to the engine.`));
  }
  const times = Object.entries(data.seconds);
  if (times.length) {
    const longest = Math.max(...times.map(([, seconds]) => seconds), 1e-9);
    parts.push(el("h3", {}, "Time of the last build"), el("div", { class: "times" }, ...times.map(([stage, seconds]) =>
      el("div", {}, el("span", {}, stage), el("i", { vars: { width: `${(100 * seconds) / longest}%` } }),
        el("span", {}, `${seconds.toFixed(1)} s`)))));
  }
  if (data.refused_templates.length) {
    parts.push(el("h3", {}, "Templates that were refused"),
      el("p", {}, "Their machine translations missed what the recipe accepts, so no record carries them."),
      table(["template", "language", "reason", "measured", "translation", "records that drew it", "they carry"],
        data.refused_templates.map((t) => [t.template, t.lang, t.reason, t.value, t.text, t.rows,
          Object.entries(t.instead).map(([name, rows]) => `${INSTEAD[name] ?? name} ${count(rows)}`).join(", ")]), "Refused templates"));
  }
  add("Sources", ["source", "dataset", "split", "revision", "license", "read", "samples", "rejected"],
    data.sources.map((s) => [s.name, s.dataset, [s.config, s.split].filter(Boolean).join(" / "), brief(s.revision),
      s.image_license ? `${s.license}; images ${s.image_license}` : s.license, s.read, s.samples, s.rejected]));
  if (data.rejected.length) {
    add("Rejected rows of the sources", ["source", "reason", "rows"],
      data.rejected.map((row) => [row.source, row.reason, row.rows]));
  }
  add("Models", ["model", "engine", "license"],
    Object.values(data.translators).map((model) => [brief(model.model), model.engine ?? model.backend, model.license]));
  add("Scorers", ["scorer", "version", "what it measures"],
    Object.entries(data.scorers).map(([name, facts]) => [name, String(facts.version ?? "–"),
      data.metrics.filter((m) => m.column.startsWith(`score_${name}_`)).map((m) => m.description).join("; ")]));
  byId("making-parts").replaceChildren(...parts);
  byId("footer").textContent = `Glotmill ${data.engine_version}, schema ${data.schema_version}. This file loads nothing.`;
}

/** A text with checksums cut to a length that can still be distinguished. */
function brief(text) {
  return String(text).replace(/[0-9a-f]{32,64}/g, (digits) => `${digits.slice(0, 12)}…`);
}

function setUpTheme() {
  const root = document.documentElement;
  const button = byId("theme");
  const dark = () => root.dataset.theme === "dark";
  const set = (theme) => {
    root.dataset.theme = theme;
    button.textContent = dark() ? "Light" : "Dark";
  };
  const system = matchMedia("(prefers-color-scheme: dark)");
  set(system.matches ? "dark" : "light");
  system.addEventListener("change", () => set(system.matches ? "dark" : "light"));
  button.addEventListener("click", () => set(dark() ? "light" : "dark"));
}

const data = JSON.parse(byId("data").textContent);
setUpTheme();
showBalance(data);
showLanguages(data);
showLabels(data);
showRates(data);
showThresholds(data);
showQuality(data);
showReasons(data, showRows(data));
showMaking(data);
document.documentElement.dataset.ready = "true";
