// Risk and coverage: how good the best rows of each language are, by the share that is kept.

const SCALES = {
  references: "chrF over 100 against translations by people",
  agreement: "no translation by people was at hand, so compare within a language only",
};
const NAMED = [0.5, 0.75, 0.9, 1]; // shares whose quality is written below a curve

function curve(of, language, keep, low, high) {
  const x = (share) => WIDTH * share;
  const y = (value) => HEIGHT - (HEIGHT * (value - low)) / (high - low || 1);
  const line = of.points.map(([share, mean]) => `${x(share).toFixed(2)} ${y(mean).toFixed(2)}`).join("L");
  const last = of.points[of.points.length - 1][0], first = of.points[0][0];
  const picture = el("svg:svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `Estimated quality of ${language.name} by the share kept` },
    el("svg:path", { class: "under", d: `M${x(first)} ${HEIGHT}L${line}L${x(last)} ${HEIGHT}Z` }),
    el("svg:path", { class: "curve", d: `M${line}` }),
    keep < 1 ? el("svg:line", { x1: x(keep), x2: x(keep), y1: 0, y2: HEIGHT }) : null);
  const at = new Map(of.points.map(([share, mean]) => [share, mean]));
  const said = NAMED.filter((share) => at.has(share)).map((share) => `${percent(share, 0)}: ${at.get(share).toFixed(3)}`);
  const rows = of.place === of.code ? `${count(of.rows)} rows of it` : `${count(of.rows)} rows of ${of.place}`;
  return el("article", { class: "tile" }, el("h3", {}, language.name, " ", el("code", {}, language.code)), picture,
    el("div", { class: "ends" }, el("span", {}, "0 % kept"), el("span", {}, "100 %")),
    el("p", {}, said.join(" · ")), el("p", {}, rows));
}

function showQuality(data) {
  const { quality } = data;
  if (!quality) return;
  for (const id of ["quality", "quality-link"]) byId(id).hidden = false;
  const byCode = new Map(data.languages.map((language) => [language.code, language]));
  const means = quality.langs.flatMap((of) => of.points.map(([, mean]) => mean));
  const [low, high] = [Math.max(0, Math.min(...means) - 0.05), Math.min(1, Math.max(...means) + 0.05)];
  byId("quality-said").textContent = "Mean estimated quality of a language's best rows, by the share that is kept " +
    `(filter.quality.keep), in the sample that quality.json was fitted to. All curves run from ${low.toFixed(2)} to ` +
    `${high.toFixed(2)}. The scale: ${SCALES[quality.learnt_from]}.` +
    (quality.keep < 1 ? ` The line is the share that this build keeps, ${percent(quality.keep, 0)}.` : "");
  byId("quality-curves").replaceChildren(...quality.langs.map((of) =>
    curve(of, byCode.get(of.code), quality.keep, low, high)));
}
