// The balance as figures and a funnel; the table of languages; reasons by language.

function showBalance(data) {
  const of = (key) => sum(data.languages.map((language) => language[key]));
  const [rows, kept, dropped, failed] = ["rows", "kept", "dropped", "failed"].map(of);
  byId("name").textContent = data.name;
  byId("subtitle").textContent = data.description || `${count(rows)} records in ${data.languages.length} languages`;
  if (data.notice) {
    byId("notice").textContent = data.notice;
    byId("notice").hidden = false;
  }
  const figures = [
    [count(rows), `records in ${data.languages.length} language${data.languages.length === 1 ? "" : "s"}`, ""],
    [count(kept), `kept, ${percent(rows ? kept / rows : 0)}`, "kept"],
    [count(dropped), `dropped, ${percent(rows ? dropped / rows : 0)}`, "dropped"],
    [count(failed), `failed, ${percent(rows ? failed / rows : 0)}`, "failed"],
  ];
  if (data.saved !== null) figures.push([percent(data.saved), "of segments not sent to the engine", ""]);
  byId("figures").replaceChildren(...figures.map(([value, text, kind]) =>
    el("li", {}, el("strong", { class: kind }, value), el("span", {}, text))));
  const read = sum(data.sources.map((source) => source.read ?? 0));
  const samples = sum(data.sources.map((source) => source.samples ?? 0));
  const derived = sum(Object.values(data.derived).map((made) => made.rows));
  byId("funnel").replaceChildren(
    el("p", { class: "unit" }, "rows of the sources, English"),
    step("read", read, read, null),
    step("samples", samples, read, lost("rejected", read - samples, tally(data.rejected, "reason", "rows"))),
    el("p", { class: "unit" },
      `${derived ? `with ${count(derived)} derived rows, ` : ""}as records, one for each of a sample's languages`),
    step("records", rows, rows, null),
    step("translated", rows - failed, rows, lost("failed", failed, firstReasons(data, true))),
    step("kept", kept, rows, lost("dropped", dropped, firstReasons(data, false)), "kept-step"),
  );
}

function step(label, value, whole, lostHere, kind = "") {
  return el("div", { class: `step ${kind}` },
    el("div", { class: "label" }, `${label} `, el("strong", {}, count(value)), " ",
      el("small", {}, whole ? percent(value / whole) : "")),
    el("div", { class: "bar", vars: { width: `${whole ? (100 * value) / whole : 0}%` } }),
    lostHere ?? el("div", { class: "lost" }));
}

function lost(what, value, reasons) {
  if (!value) return el("div", { class: "lost" }, el("small", {}, `none ${what}`));
  const named = reasons.slice(0, 4).map(([reason, rows]) => `${reason} ${count(rows)}`).join(", ");
  const more = reasons.length > 4 ? `, ${reasons.length - 4} other reasons` : "";
  return el("div", { class: "lost" },
    el("span", { class: what === "dropped" ? "dropped" : "failed" }, `− ${count(value)} ${what}`), " ",
    el("small", {}, named + more));
}

function tally(rows, key, value) {
  const found = new Map();
  for (const row of rows) found.set(row[key], (found.get(row[key]) ?? 0) + row[value]);
  return [...found].sort((a, b) => b[1] - a[1]);
}

function firstReasons(data, failures) {
  return data.reasons
    .filter((reason) => reason.failure === failures)
    .map((reason) => [reason.code, sum(Object.values(reason.first))])
    .filter(([, rows]) => rows)
    .sort((a, b) => b[1] - a[1]);
}

function median(values) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (!sorted.length) return 0;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function showLanguages(data) {
  const middle = median(data.languages.map((language) => language.rate));
  const columns = [
    ["language", (l) => l.name, (l) => el("td", { class: "left" }, l.name, " ", el("code", {}, l.code))],
    ["rows", (l) => l.rows, (l) => el("td", {}, count(l.rows))],
    ["kept", (l) => l.kept, (l) => el("td", {}, count(l.kept))],
    ["dropped", (l) => l.dropped, (l) => el("td", {}, count(l.dropped))],
    ["failed", (l) => l.failed, (l) => el("td", {}, count(l.failed))],
    ["warned", (l) => sum(Object.values(l.warned)), (l) => el("td", {
      title: Object.entries(l.warned).map(([code, rows]) => `${code} ${count(rows)}`).join(", "),
    }, count(sum(Object.values(l.warned))))],
    ["keep-rate", (l) => l.rate ?? -1, (l) => el("td", { class: "left" }, ...rate(l, middle))],
    ["of the median", (l) => l.ratio ?? -1, (l) => el("td", {}, l.ratio === null ? "–" : l.ratio.toFixed(2))],
    ["alarms", (l) => l.alarms.length, (l) => el("td", { class: "left alarm" }, l.alarms.join(", "))],
  ];
  let order = { column: 0, down: false };
  const draw = () => {
    const key = columns[order.column][1];
    const compare = (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
    const rows = [...data.languages].sort((a, b) => (order.down ? compare(b, a) : compare(a, b)));
    const head = el("tr", {}, ...columns.map(([name], place) => {
      const sorted = order.column === place ? (order.down ? "descending" : "ascending") : null;
      const again = () => {
        order = { column: place, down: order.column === place ? !order.down : place > 0 };
        draw();
        byId("language-table").querySelectorAll("th button")[place].focus();
      };
      return el("th", { scope: "col", "aria-sort": sorted, class: place === 0 || place > 5 ? "left" : "" },
        el("button", { type: "button", click: again, "aria-sort": sorted }, name));
    }));
    byId("language-table").replaceChildren(el("table", {}, el("thead", {}, head),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...columns.map(([, , cell]) => cell(row)))))));
  };
  draw();
}

function rate(language, middle) {
  if (language.rate === null) return ["–"];
  return [
    el("span", { class: "rate", "aria-hidden": "true" },
      el("i", { vars: { width: `${100 * language.rate}%` } }), el("b", { vars: { left: `${100 * middle}%` } })),
    percent(language.rate),
  ];
}

/** Turns by the language asked for and what a scorer found, such as the language that they are in. */
function showLabels(data) {
  byId("labels").replaceChildren(...data.labels.filter((label) => label.rows.length).flatMap((label) => {
    const others = label.rows[0].counts.length > label.found.length ? ["others"] : [];
    return [el("h3", {}, label.column.replace("label_", "")), el("p", {}, `Judged turns; ${label.description}.`),
      table(["requested", ...label.found, ...others], label.rows.map((row) => [row.code, ...row.counts]), label.column)];
  }));
}

function showRates(data) {
  const { rows, warnings, not_counted: notCounted } = data.rates;
  const lines = warnings.map((warning) => put(el("p", { class: "alarm" }), warning));
  if (notCounted) lines.push(el("p", {}, `not counted in ${count(notCounted)} rows of an earlier version`));
  byId("rate-warnings").replaceChildren(...lines);
  const all = (found) => sum(Object.values(found));
  const most = (found) => Object.entries(found).sort((a, b) => b[1] - a[1]).map(([code, n]) => `${code} ${count(n)}`);
  byId("rate-table").replaceChildren(table(["source", "task", "rows", "kept", "keep-rate", "dropped", "failed", "reasons"],
    rows.map((row) => [row.source, row.task, row.rows, row.kept, row.rate === null ? "–" : percent(row.rate),
      all(row.dropped), all(row.failed), [...most(row.dropped), ...most(row.failed)].join(", ")]), "Table of sources and tasks"));
}

function showReasons(data, choose) {
  let which = "first";
  const kinds = [["first", "first reason"], ["any", "every reason"]];
  byId("reason-controls").replaceChildren(el("fieldset", {}, ...kinds.map(([value, text]) =>
    el("label", { class: "inline" },
      el("input", { type: "radio", name: "which", value, checked: value === which, change: () => { which = value; draw(); } }),
      text))));
  const draw = () => {
    const reasons = data.reasons.filter((reason) => sum(Object.values(reason[which])));
    if (!reasons.length) {
      byId("heat").replaceChildren(el("p", { class: "none" }, "No record was dropped or failed."));
      return;
    }
    const most = Math.max(...reasons.flatMap((reason) =>
      data.languages.map((language) => (reason[which][language.code] ?? 0) / language.rows)));
    const head = el("tr", {}, el("th", {}), ...reasons.map((reason) =>
      el("th", { scope: "col" }, el("span", { class: reason.failure ? "failed" : "" }, reason.code))));
    const cell = (language, reason) => {
      const rows = reason[which][language.code] ?? 0;
      if (!rows) return el("td", {});
      const share = rows / language.rows;
      return el("td", {}, el("button", {
        type: "button",
        vars: { "--share": (0.08 + 0.72 * Math.sqrt(share / most)).toFixed(3) },
        title: `${count(rows)} of ${count(language.rows)} records`,
        "aria-label": `${language.name}, ${reason.code}: ${count(rows)} records, ${percent(share)}`,
        click: () => choose(language.code, reason.code),
      }, share < 0.0005 ? "<0.1 %" : percent(share)));
    };
    byId("heat").replaceChildren(el("table", {}, el("thead", {}, head), el("tbody", {}, ...data.languages.map((language) =>
      el("tr", {}, el("th", { scope: "row" }, language.name), ...reasons.map((reason) => cell(language, reason)))))));
  };
  draw();
}
