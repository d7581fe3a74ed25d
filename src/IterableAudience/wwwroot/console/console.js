// The console's one script. Every page works without it; it keeps times true, follows running syncs and draws charts.
document.documentElement.classList.add("js");

// Light or dark: kept in a cookie, so that the server renders the page in it from the start.
const themeSwitch = document.querySelector("[data-theme-switch]");
if (themeSwitch) {
  themeSwitch.hidden = false;
  themeSwitch.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
    drawCharts();
  });
}

// Times: the same words as the server's (Console/Texts.cs).
function relative(moment) {
  const away = Math.abs(Date.now() - moment) / 1000, later = moment > Date.now();
  const count = (n, one) => `${n} ${n === 1 ? one : one + "s"}`;
  const text = away < 45 ? null : away < 3570 ? `${Math.round(away / 60)} min` : away < 84600 ? `${Math.round(away / 3600)} h`
    : away < 5184000 ? count(Math.round(away / 86400), "day") : count(Math.round(away / 2630016), "month");
  return text === null ? (later ? "in a moment" : "just now") : later ? `in ${text}` : `${text} ago`;
}

function refreshTimes() {
  for (const time of document.querySelectorAll("time[datetime]:not([data-local])")) {
    const text = relative(Date.parse(time.dateTime));
    if (time.textContent !== text) { time.textContent = text; }
  }
}

const localFormat = new Intl.DateTimeFormat(undefined, { weekday: "short", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
function localTimes() {
  for (const time of document.querySelectorAll("time[data-local]")) {
    const moment = new Date(time.dateTime);
    time.textContent = moment.getTimezoneOffset() === 0 ? "" : localFormat.format(moment); // UTC stands beside it
  }
}
localTimes();
setInterval(refreshTimes, 30000);

// Parts of a form that follow what is filled in: the form is posted, and the server's answer takes the part's place.
for (const part of document.querySelectorAll("[data-fragment]")) {
  const form = part.closest("form");
  let turn = 0, timer;
  const refresh = async () => {
    const mine = ++turn, into = document.getElementById(part.dataset.fragmentInto);
    into.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(part.dataset.fragment, { method: "POST", body: new FormData(form) });
      if (answer.status === 401) { location.reload(); } // the session has ended
      const text = answer.ok ? await answer.text() : null;
      if (mine === turn && text !== null) { into.innerHTML = text; localTimes(); }
    } finally {
      if (mine === turn) { into.removeAttribute("aria-busy"); }
    }
  };
  part.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(refresh, 250); });
}

// Enter in a field that has a button of its own presses that one.
for (const input of document.querySelectorAll("[data-enter]")) {
  input.addEventListener("keydown", event => {
    if (event.key !== "Enter") { return; }
    event.preventDefault();
    input.form.requestSubmit(input.form.querySelector(`button[name="do"][value="${input.dataset.enter}"]`));
  });
}

// Who fills in what belongs to a choice makes it.
for (const input of document.querySelectorAll("[data-choose]")) {
  input.addEventListener("input", () => { document.getElementById(input.dataset.choose).checked = true; });
}

// What was typed with care is sent once.
document.addEventListener("submit", event => {
  const button = event.submitter;
  if (button && event.target.method === "post") { setTimeout(() => { button.disabled = true; button.setAttribute("aria-busy", "true"); }); }
});
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[disabled]:not([data-off])")) { button.disabled = false; button.removeAttribute("aria-busy"); }
});

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = "Copied";
  });
}

// An open confirmation closes like a menu.
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") { return; }
  for (const open of document.querySelectorAll("details.confirm[open]")) { open.open = false; open.querySelector("summary").focus(); }
});
document.addEventListener("click", event => {
  for (const open of document.querySelectorAll("details.confirm[open]")) { if (!open.contains(event.target)) { open.open = false; } }
});

// A running sync: the server sends the part of the page that changes, as it would render it.
const live = document.querySelector("[data-live]");
if (live) {
  const events = new EventSource(live.dataset.live);
  const lost = document.getElementById("live-lost");
  events.addEventListener("progress", event => {
    const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    live.innerHTML = event.data;
    if (focused) { live.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus(); }
    lost.hidden = true;
  });
  events.addEventListener("finished", () => { events.close(); location.assign(location.pathname + location.search); });
  events.addEventListener("error", () => {
    lost.hidden = false;
    // The browser tries again by itself, unless it was refused: the session has ended, or the sync is gone.
    if (events.readyState === EventSource.CLOSED) { location.assign(location.pathname + location.search); }
  });
}

// What is under way elsewhere is looked at again.
const again = document.querySelector("[data-reload]");
if (again) { setTimeout(() => location.assign(location.pathname + location.search), again.dataset.reload * 1000); }

// Faults: announced with their fields, and the first one has the focus.
const faulty = [...document.querySelectorAll(".field.faulty :is(input, select, textarea)")];
for (const input of faulty) {
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", `${input.id}-note`);
  // What is being mended is not a fault any more; whether it is mended is said when the form is sent again.
  input.addEventListener("input", () => {
    const field = input.closest(".field");
    field.classList.remove("faulty");
    input.removeAttribute("aria-invalid");
    for (const fault of field.querySelectorAll(".fault")) { fault.remove(); }
  }, { once: true });
}
faulty[0]?.focus();

// A page that takes its time shows that it is on its way.
const busy = on => document.documentElement.classList.toggle("busy", on);
document.addEventListener("submit", () => busy(true));
document.addEventListener("click", event => {
  const link = event.target.closest("a[href]");
  if (link && !link.target && !link.hasAttribute("download") && !event.metaKey && !event.ctrlKey && !event.shiftKey && link.origin === location.origin && link.getAttribute("href")[0] !== "#") { busy(true); }
});
addEventListener("pageshow", () => busy(false));

// Charts.
let charts = [];
function drawCharts() {
  for (const chart of charts) { chart.destroy(); }
  charts = [];
  for (const place of document.querySelectorAll("[data-chart]")) { if (window.uPlot) { charts.push(draw(place)); } }
}

function draw(place) {
  const { kind, times, series } = JSON.parse(place.dataset.chart);
  const style = getComputedStyle(document.documentElement), colour = name => style.getPropertyValue(`--${name}`).trim();
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px Inter Variable, sans-serif" };
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  const stacked = kind === "stacked";
  const sums = series.map((_, i) => times.map((_, t) => series.slice(0, i + 1).reduce((sum, s) => sum + (s.values[t] ?? 0), 0)));
  const bars = uPlot.paths.bars({ size: [0.7, 28], radius: 0.1 });
  // The whole stack first, what lies before it on top.
  const order = series.map((_, i) => i).reverse();
  const places = times.map((_, i) => i);
  const last = times.length - 1;
  const moment = at => new Date(times[at] * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC";
  // A day is written once, at the first of its bars.
  const days = at => at.map((i, n) => {
    const day = j => Number.isInteger(j) && times[j] ? new Date(times[j] * 1000).toISOString().slice(5, 10) : "";
    return n > 0 && day(at[n - 1]) === day(i) ? "" : day(i);
  });
  const chart = new uPlot({
    width: place.clientWidth, height: 200, tzDate: seconds => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"), cursor: { y: false, points: { show: !stacked } }, legend: { show: true, live: true },
    // The legend has the numbers of what is pointed at, else of the last sync.
    hooks: { setCursor: [u => { if (u.cursor.idx == null) { u.setLegend({ idx: last }); } }] },
    scales: { x: { time: !stacked, range: stacked ? (_, from, to) => [from - 0.7, to + 0.7] : undefined }, y: { range: (_, from, to) => [stacked ? 0 : Math.max(0, from - (to - from || to || 1) * 0.1), to + (to - from || to || 1) * 0.1] } },
    axes: [
      { ...axis, values: stacked ? (_, at) => days(at) : undefined, grid: { show: false } },
      { ...axis, size: 56, values: (_, at) => at.map(v => compact.format(v)) }],
    series: [
      { label: stacked ? "Sync of" : "At", value: (_, v) => v == null ? "–" : stacked ? moment(v) : new Date(v * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC" },
      ...(stacked
        ? order.map(i => ({ label: series[i].name, fill: colour(`${series[i].tone}-bar`), stroke: colour(`${series[i].tone}-bar`), width: 0, paths: bars, points: { show: false }, value: (_, v, __, at) => at == null ? "–" : (series[i].values[at] ?? 0).toLocaleString("en") }))
        : series.map(s => ({ label: s.name, stroke: colour("accent"), fill: colour("accent-soft"), width: 2, points: { show: times.length < 40, size: 5 }, value: (_, v) => v == null ? "–" : v.toLocaleString("en") })))],
  }, stacked ? [places, ...order.map(i => sums[i])] : [times, ...series.map(s => s.values)], place);
  chart.setLegend({ idx: last });
  place.tabIndex = 0;
  place.onkeydown = event => {
    const from = chart.cursor.idx ?? last + 1;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
    if (to === undefined) { return; }
    event.preventDefault();
    const at = Math.min(last, Math.max(0, to));
    chart.setCursor({ left: chart.valToPos(chart.data[0][at], "x"), top: 10 });
    said(place).textContent = `${moment(at)}: ${series.map(s => `${s.name} ${(s.values[at] ?? 0).toLocaleString("en")}`).join(", ")}`;
  };
  return chart;
}

// Where a chart says what the arrow keys point at.
function said(place) {
  let status = place.nextElementSibling;
  if (!status?.matches(".chart-said")) {
    status = Object.assign(document.createElement("p"), { className: "hidden chart-said" });
    status.setAttribute("role", "status");
    place.after(status);
  }
  return status;
}

addEventListener("resize", () => { for (const chart of charts) { chart.setSize({ width: chart.root.parentElement.clientWidth, height: 200 }); } });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawCharts);
drawCharts();
