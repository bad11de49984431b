// Histograms with their thresholds, and the slider that says what another threshold would drop.

/** The edges of a language's bins: those that all languages share, and its own threshold. */
function edgesOf(rule, entry) {
  const own = entry.at ?? entry.own;
  const { grid } = rule;
  if (own < grid[0] || own > grid[grid.length - 1] || grid.includes(own)) return grid;
  return [...grid, own].sort((a, b) => a - b);
}

/** Counts by bin: bin 0 lies before the first edge, the last behind the last edge. */
function dense(trimmed, size) {
  const bins = new Array(size).fill(0);
  trimmed.slice(1).forEach((value, place) => { bins[trimmed[0] + place] = value; });
  return bins;
}

/** One language under one rule. */
class Histogram {
  constructor(rule, entry, language) {
    this.rule = rule;
    this.entry = entry;
    this.language = language;
    this.edges = edgesOf(rule, entry);
    this.all = dense(entry.all, this.edges.length + 1);
    this.free = dense(entry.free, this.edges.length + 1);
    this.judged = sum(this.all);
  }

  /** Rows of some bins that fail a threshold, which is an edge. */
  failing(bins, threshold) {
    const place = this.edges.indexOf(threshold);
    return sum(this.rule.below ? bins.slice(0, place + 1) : bins.slice(place + 1));
  }

  /** (rows that fail, rows kept) under a threshold; null is as it was built. */
  outcome(threshold) {
    const { entry, rule, language } = this;
    if (threshold === null) {
      const known = rule.action === "reject" ? entry.failing : this.failing(this.all, entry.at ?? entry.own);
      return [known, language.kept];
    }
    return [this.failing(this.all, threshold),
      sum(this.free) - this.failing(this.free, threshold) + entry.free_unjudged];
  }
}

const WIDTH = 100, HEIGHT = 40, OPEN = 2; // of a drawing; OPEN: width of the two open bins

function tile(histogram, tall) {
  const { rule, entry, edges, language } = histogram;
  const first = edges[0], last = edges[edges.length - 1];
  const x = (value) => OPEN + ((WIDTH - 2 * OPEN) * (value - first)) / (last - first || 1);
  const starts = [0, ...edges.map(x), WIDTH];
  const usual = (WIDTH - 2 * OPEN) / (rule.grid.length - 1 || 1);
  const heights = histogram.all.map((value, bin) => {
    const open = bin === 0 || bin === edges.length;
    return tall(open ? value : (value * usual) / (starts[bin + 1] - starts[bin] || 1));
  });
  const highest = Math.max(...heights, 1e-9);
  const bars = (wanted) => heights
    .map((height, bin) => (height && wanted(bin)
      ? `M${starts[bin].toFixed(2)} ${HEIGHT}V${(HEIGHT - Math.max((HEIGHT * height) / highest, 0.6)).toFixed(2)}` +
        `H${(starts[bin + 1] - 0.15).toFixed(2)}V${HEIGHT}Z` : ""))
    .join("");
  const line = (value, kind) => el("svg:line", { class: kind, x1: x(value), x2: x(value), y1: 0, y2: HEIGHT });
  const picture = el("svg:svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `Scores of ${language.name}` });
  const said = el("p");
  const draw = (threshold) => {
    const at = threshold ?? entry.at;
    const place = at === null ? -1 : edges.indexOf(at);
    const falls = (bin) => place >= 0 && (rule.below ? bin <= place : bin > place);
    picture.replaceChildren(
      el("svg:path", { class: "bars", d: bars((bin) => !falls(bin)) }),
      el("svg:path", { class: "lost-bars", d: bars(falls) }),
      ...(entry.band?.length
        ? [el("svg:rect", { class: "band", x: x(entry.band[0]), y: 0, height: HEIGHT,
          width: Math.max(x(entry.band[entry.band.length - 1]) - x(entry.band[0]), 0.5) })] : []),
      ...(entry.at !== null && entry.at >= first && entry.at <= last ? [line(entry.at, "")] : []),
      ...(threshold === null ? [] : [line(threshold, "new")]));
    const [now, keptNow] = histogram.outcome(null);
    const [then, keptThen] = histogram.outcome(threshold);
    const change = (before, after, show) => (threshold === null ? show(before) : `${show(before)} → ${show(after)}`);
    const share = (kept) => percent(language.rows ? kept / language.rows : 0);
    said.textContent = `drops ${change(now, then, count)} of ${count(histogram.judged)} · ` +
      `keeps ${change(keptNow, keptThen, share)}`;
  };
  const node = el("article", { class: "tile" }, el("h3", {}, language.name, " ", el("code", {}, language.code)), picture,
    el("div", { class: "ends" }, el("span", {}, score(first)), el("span", {}, score(last))), said);
  return { node, draw };
}

function showThresholds(data) {
  if (!data.rules.length) {
    byId("threshold-result").textContent = "No rule of this build has a threshold on one score.";
    return;
  }
  const byCode = new Map(data.languages.map((language) => [language.code, language]));
  const preferred = Math.max(data.rules.findIndex((rule) => rule.code === "round_trip.chrf"), 0);
  const choice = el("select", { id: "rule", change: () => setUp() }, ...data.rules.map((rule, place) =>
    option(place, `${rule.code} (${rule.action})`, place === preferred)));
  const slider = el("input", { type: "range", id: "threshold", min: 0, step: 1, input: () => update(true) });
  const value = el("output", { for: "threshold" });
  const reset = el("button", { type: "button", id: "reset", click: () => { place(); update(false); } }, "As built");
  const roots = el("input", { type: "checkbox", id: "roots", checked: true, change: () => setUp() });
  byId("threshold-controls").replaceChildren(
    el("label", {}, "rule", choice),
    el("label", { class: "grow" }, el("span", {}, "threshold ", value), slider),
    reset,
    el("label", { class: "inline" }, roots, "heights as square roots"));
  let rule, histograms, tiles;
  const place = () => {
    const near = rule.grid.indexOf(rule.at);
    slider.max = rule.grid.length - 1;
    slider.value = near >= 0 ? near : rule.below ? 0 : rule.grid.length - 1;
  };
  const setUp = () => {
    rule = data.rules[choice.value];
    histograms = Object.entries(rule.langs).map(([code, entry]) => new Histogram(rule, entry, byCode.get(code)));
    tiles = histograms.map((histogram) => tile(histogram, roots.checked ? Math.sqrt : (height) => height));
    byId("histograms").replaceChildren(...tiles.map(({ node }) => node));
    place();
    update(false);
  };
  const update = (moved) => {
    const threshold = moved ? rule.grid[slider.value] : null;
    tiles.forEach(({ draw }) => draw(threshold));
    const own = new Set(Object.values(rule.langs).map((entry) => entry.at));
    const built = own.has(null) ? "fitted by the calibration" : own.size > 1 ? "by language" : score(rule.at);
    value.textContent = threshold === null ? built : score(threshold);
    slider.setAttribute("aria-valuetext", value.textContent);
    byId("threshold-result").replaceChildren(...said(threshold, built));
  };
  const said = (threshold, built) => {
    const others = sum(data.languages.filter((l) => !(l.code in rule.langs)).map((l) => l.kept));
    const totals = (at) => histograms.map((histogram) => histogram.outcome(at))
      .reduce(([a, b], [fails, kept]) => [a + fails, b + kept], [0, others]);
    const [now, keptNow] = totals(null);
    const limit = rule.below ? "below" : "above";
    const what = { reject: "drops", warn: "warns of", off: "is switched off; it would drop" }[rule.action];
    const asBuilt = `${rule.description}: as built (${limit} ${built}) the rule ${what} ${count(now)} records; ` +
      `${count(keptNow)} are kept.`;
    const keys = [el("span", { class: "key" }), "as built"];
    if (threshold === null) return [asBuilt, " ", ...keys];
    const [then, keptThen] = totals(threshold);
    return [asBuilt, " ", el("strong", {}, `${limit} ${score(threshold)} would drop ${count(then)} and keep ${count(keptThen)} ` +
      `(${keptThen >= keptNow ? "+" : "−"}${count(Math.abs(keptThen - keptNow))}).`), " ", ...keys, " ",
      el("span", { class: "key new" }), "the slider"];
  };
  setUp();
}
