// Histograms with their thresholds, and the slider that says what another threshold would drop.

/** The edges of a language's bins: those that all languages share, its own threshold, and the most it is asked for. */
function edgesOf(rule, entry) {
  const own = entry.at ?? entry.own;
  const { grid } = rule;
  const edges = new Set(grid);
  const last = grid[grid.length - 1];
  if (own >= grid[0] && own <= last) edges.add(own);
  if (entry.most < last) edges.add(entry.most);
  return [...edges].sort((a, b) => a - b);
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

  /** What a threshold asks of this language: no more than its own good text has. */
  asked(threshold) {
    return threshold === null ? null : Math.min(threshold, this.entry.most ?? Infinity);
  }

  /** (rows that fail, rows kept) under a threshold; null is as it was built. */
  outcome(threshold) {
    const { entry, rule, language } = this;
    if (threshold === null) {
      const known = rule.action === "reject" ? entry.failing : this.failing(this.all, entry.at ?? entry.own);
      return [known, language.kept];
    }
    const failing = this.failing(this.all, threshold);
    if (rule.action === "warn") return [failing, language.kept];
    return [failing, sum(this.free) - this.failing(this.free, threshold) + entry.free_unjudged];
  }
}

const DOES = { reject: "drops", warn: "warns of", off: "would drop" };

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
  const draw = (set) => {
    const threshold = histogram.asked(set);
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
    const verdict = `${DOES[rule.action]} ${change(now, then, count)} of ${count(histogram.judged)}`;
    said.textContent = [verdict, rule.action === "warn" ? "" : `keeps ${change(keptNow, keptThen, share)}`,
      threshold < set ? `asks no more than ${score(threshold)}` : ""].filter(Boolean).join(" · ");
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
    el("label", { class: "inline" }, roots, "square-root scale"));
  let rule, histograms, tiles, stops;
  const place = () => {
    const built = rule.parameters.length === 1 ? rule.parameters[0].value : null;
    const near = stops.findIndex((stop) => (built === null ? stop === rule.at : built === Number(asParameter(rule, stop))));
    slider.max = stops.length - 1;
    slider.value = near >= 0 ? near : rule.below ? 0 : stops.length - 1;
  };
  const setUp = () => {
    rule = data.rules[choice.value];
    stops = rule.grid.filter((edge) => rule.parameters.every(({ low, high }) =>
      low <= asParameter(rule, edge) && asParameter(rule, edge) <= high));
    slider.disabled = !stops.length;
    histograms = Object.entries(rule.langs).map(([code, entry]) => new Histogram(rule, entry, byCode.get(code)));
    tiles = histograms.map((histogram) => tile(histogram, roots.checked ? Math.sqrt : (height) => height));
    byId("histograms").replaceChildren(...tiles.map(({ node }) => node));
    place();
    update(false);
  };
  const update = (moved) => {
    const threshold = moved ? stops[slider.value] : null;
    tiles.forEach(({ draw }) => draw(threshold));
    const own = new Set(Object.values(rule.langs).map((entry) => entry.at));
    const built = own.has(null) ? "fitted by the calibration" : own.size > 1 ? "by language" : score(rule.at);
    value.textContent = threshold === null ? built : score(threshold);
    slider.setAttribute("aria-valuetext", value.textContent);
    byId("threshold-result").replaceChildren(...said(threshold, built));
    byId("setting").replaceChildren(...showSetting(data, rule, threshold));
  };
  const said = (threshold, built) => {
    const others = sum(data.languages.filter((l) => !(l.code in rule.langs)).map((l) => l.kept));
    const totals = (at) => histograms.map((histogram) => histogram.outcome(histogram.asked(at)))
      .reduce(([a, b], [fails, kept]) => [a + fails, b + kept], [0, others]);
    const [now, keptNow] = totals(null);
    const limit = rule.below ? "below" : "above";
    const what = rule.action === "off" ? "is switched off; it would drop" : DOES[rule.action];
    const sentence = rule.description[0].toUpperCase() + rule.description.slice(1);
    const asBuilt = `${sentence}: as built (${limit} ${built}) the rule ${what} ${count(now)} records; ` +
      `${count(keptNow)} are kept.`;
    const keys = [el("span", { class: "key" }), "as built"];
    if (threshold === null) return [asBuilt, " ", ...keys];
    const [then, keptThen] = totals(threshold);
    const change = `${keptThen >= keptNow ? "+" : "−"}${count(Math.abs(keptThen - keptNow))}`;
    const other = `A threshold of ${score(threshold)} would ` + (rule.action === "warn"
      ? `warn of ${count(then)}; as many are kept.` : `drop ${count(then)} and keep ${count(keptThen)} (${change}).`);
    return [asBuilt, " ", el("strong", {}, other), " ", ...keys, " ", el("span", { class: "key new" }), "the slider"];
  };
  setUp();
}
