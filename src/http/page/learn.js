// The walk that learns an opener, for the Set-up view. It is loaded when somebody unfolds it.
// It presses nothing. It shows the view's own form for a pulse, which takes two taps of a person, and looks at what comes
// of it: the trace (observers/trace.h) says when relays and contacts changed, and where no contact can tell, the person
// says what the door did. All is forgotten when the page is left for good; while it is hidden, nothing is offered.
// What it makes of that is pure: readTrace, readDoor, next, judge, paste. Times are ms of the agent's clock.

const ROUND_MS = 100; // as config/print.c
const TRAVEL_MAX_MS = 300000; // as CONFIG_TRAVEL_MAX_MS
const BURST_MS = 500; // edges of a contact that are closer than this are one bounce: no door comes back so soon
const DEBOUNCE_MS = 50, DEBOUNCE_ROUND_MS = 10, DEBOUNCE_MAX_MS = 2000; // as config/keys.c
const START_MS = 5000; // as DOOR_START_MS
const HAND_MS = 1500; // for a person to tap twice, before the door is at its end
const STILL_MS = 30000, ANSWER_MS = 20000, IDLE_MS = 120000, TRAVEL_IDLE_MS = 600000;
const PRESSES_MAX = 16, CHANGES_MAX = 500;
const MOMENTS = [["while_opening", "opening"], ["while_closing", "closing"], ["after_stop", "stopped"]];
const END = {up: "open", down: "closed"}, START = {up: "closed", down: "open"}, OTHER = {up: "down", down: "up"};
const MOMENT = {up: "opening", down: "closing"};

// ---- What the page says ----

export function readTrace(text) {
	const [now, count, ...tokens] = text.split(" ");
	const trace = {now: Number(now), count: Number(count), levels: {}, changes: []};
	for (const token of tokens) {
		const found = /^(\w+)([-+=])(\S+)$/.exec(token);
		if (found && found[2] === "=") trace.levels[found[1]] = found[3] === "?" ? null : found[3] === "1";
		else if (found) trace.changes.push({line: found[1], active: found[2] === "+", at: Number(found[3])});
	}
	return trace;
}

function milliseconds(text) {
	const found = /^(\d+)(ms|s|m|h)$/.exec(text);
	return found ? found[1] * {ms: 1, s: 1000, m: 60000, h: 3600000}[found[2]] : 0;
}

export function readDoor(yaml) {
	const key = (name) => (new RegExp(`^  ${name}: (.*)$`, "m").exec(yaml) || [])[1];
	const time = (name) => milliseconds(key(name) || key("travel_time"));
	return {toggle: key("relay") !== undefined, pulse: time("pulse"), gap: time("gap"), open: time("open_time"), close: time("close_time"),
		warning: milliseconds((/time: (\w+)\}$/.exec(key("close_warning")) || [])[1]), autoClose: key("auto_close") !== undefined};
}

// ---- What is still to be tried ----

// seen: {toggle, contacts: [line], presses: [{moment, did, word}], travels: [{way, ms, word, press}], reactions: [ms],
// changes: [{line, active, at}], unseen, count}. word: a person said so, and no contact; press: it is counted from the press.
export const nothing = (toggle, contacts) => ({toggle, contacts, presses: [], travels: [], reactions: [], changes: [], unseen: false, count: 0});

function did(seen, moment) {
	const all = new Set(seen.presses.filter((press) => press.moment === moment).map((press) => press.did));
	return all.size === 1 ? [...all][0] : undefined;
}

// at: closed, open, stopped, up or down. skip: moments that cannot be tried.
export function next(seen, at, skip = {}) {
	const tried = (moment) => Boolean(skip[moment]) || seen.presses.some((press) => press.moment === moment);
	const measured = (way) => seen.travels.some((travel) => travel.way === way);
	const stops = (way) => did(seen, MOMENT[way]) === "stop";
	const after = seen.toggle && !tried("stopped") && (stops("up") || stops("down"));
	const wants = (way) => seen.toggle && measured(way) && (!tried(MOMENT[way]) || (after && stops(way)));
	const open = (way) => !measured(way) || (seen.toggle && !tried(MOMENT[way]));
	if (at === "up" || at === "down") return wants(at) ? `mid_${at}` : at;
	if (seen.count >= PRESSES_MAX || !(open("up") || open("down") || after)) return "done";
	if (at === "stopped") return "after";
	const way = at === "closed" ? "up" : "down";
	return wants(way) ? `go_${way}` : `run_${way}`;
}

// ---- What it means ----

export function longestBounce(changes) {
	let longest = 0;
	const last = {};
	for (const {line, at} of changes) {
		if (at - last[line] < BURST_MS) longest = Math.max(longest, at - last[line]);
		last[line] = at;
	}
	return longest;
}

const longestTravel = (seen, way) => Math.max(0, ...seen.travels.filter((travel) => travel.way === way).map((travel) => travel.ms));

// A twentieth longer and rounded up, as config/print.c does it.
function travelKey(ms) {
	return Math.min(Math.max(Math.ceil(Math.floor(ms * 21 / 20) / ROUND_MS), 1) * ROUND_MS, TRAVEL_MAX_MS);
}

function judgePresses(seen, keys, doubt) {
	for (const [key, moment] of MOMENTS) {
		const all = seen.presses.filter((press) => press.moment === moment);
		keys[key] = did(seen, moment);
		doubt("word", all.some((press) => press.word));
		doubt("differs", all.length > 0 && !keys[key]);
		if (key !== "after_stop") doubt("untried", all.length === 0);
		else doubt("after", all.length === 0);
	}
	doubt("once", true);
}

function judgeTravels(seen, keys, doubt) {
	for (const [key, way] of [["open_time", "up"], ["close_time", "down"]]) {
		const all = seen.travels.filter((travel) => travel.way === way);
		if (all.length > 0) keys[key] = travelKey(longestTravel(seen, way));
		doubt("travel", all.length === 0);
		doubt("tap", all.some((travel) => travel.word));
		doubt("press", all.some((travel) => travel.press));
	}
}

function judgeDebounce(seen, door, keys, doubt) {
	const bounce = longestBounce(seen.changes);
	if (seen.changes.length > 0)
		keys.debounce = Math.min(Math.max(DEBOUNCE_MS, Math.ceil(2 * bounce / DEBOUNCE_ROUND_MS) * DEBOUNCE_ROUND_MS), DEBOUNCE_MAX_MS);
	doubt("no_contact", seen.contacts.length === 0);
	doubt("few", seen.contacts.length > 0);
	doubt("unseen", seen.unseen);
	doubt("bounce", keys.debounce >= door.pulse + door.gap);
}

// door: as readDoor has it. Keys that are not known are not there; doubts are names, each once.
export function judge(seen, door) {
	const keys = {}, doubts = [];
	const doubt = (name, so) => { if (so && !doubts.includes(name)) doubts.push(name); };
	if (seen.toggle) judgePresses(seen, keys, doubt);
	judgeTravels(seen, keys, doubt);
	judgeDebounce(seen, door, keys, doubt);
	const reaction = seen.reactions.length > 0 ? Math.max(...seen.reactions) : null;
	doubt("reaction", reaction === null);
	doubt("slow", reaction > START_MS + Math.min(keys.open_time || door.open, keys.close_time || door.close) / 4);
	for (const key of Object.keys(keys)) if (keys[key] === undefined) delete keys[key];
	return {keys, doubts, reaction};
}

// The door's YAML with these keys instead of its own.
export function paste(yaml, keys) {
	const door = readDoor(yaml);
	const open = keys.open_time || door.open, close = keys.close_time || door.close;
	const times = open === close ? `  travel_time: ${open}ms` : `  open_time: ${open}ms\n  close_time: ${close}ms`;
	let text = yaml.replace(/^  (travel_time|open_time): .*$/m, times).replace(/(\n  close_time: .*)\n  close_time: .*$/m, "$1");
	if (open === close) text = text.replace(/^  close_time: .*\n/m, "");
	if (keys.debounce !== undefined) text = text.replace(/^  debounce: .*$/m, `  debounce: ${keys.debounce}ms`);
	return text.replace(/^  opener: .*$/m, (line) => MOMENTS.reduce((all, [key]) =>
		keys[key] ? all.replace(new RegExp(`(${key}: )\\w+`), `$1${keys[key]}`) : all, line));
}

// ---- The walk, without a page ----

export class Walk {
	constructor(door, trace) {
		this.door = door;
		this.seen = nothing(door.toggle, Object.keys(trace.levels));
		this.skip = {};
		this.take(trace);
		this.lose(null, trace.now);
	}

	take(trace) {
		this.count = trace.count;
		this.levels = trace.levels;
	}

	go(state, now) {
		this.state = state;
		this.since = now;
	}

	// Where the door is has to be said anew; what was learnt stays.
	lose(why, now) {
		this.note = why;
		this.at = null;
		this.go("bring", now);
	}

	has(end) {
		return this.seen.contacts.includes(`${end}_sensor`);
	}

	// Whether the door is at this end, by a contact that stands still; undefined where none can tell.
	is(end, now) {
		const line = `${end}_sensor`, level = this.levels[line];
		const moved = this.seen.changes.some((change) => change.line === line && now - change.at < BURST_MS);
		return level === null || moved ? undefined : level;
	}

	// The first such edge of the last burst: what came and went before it was no move.
	edge(end, active, since) {
		let first, last = Infinity;
		for (const change of this.seen.changes.filter(({line, at}) => line === `${end}_sensor` && at >= since).reverse()) {
			if (last - change.at >= BURST_MS && last < Infinity) break;
			last = change.at;
			if (change.active === active) first = change;
		}
		return first;
	}

	// A newer trace.
	see(trace) {
		const fresh = trace.count - this.count, now = trace.now;
		const changes = fresh > 0 ? trace.changes.slice(-fresh) : [];
		if (fresh < 0 && this.active()) this.lose("foreign", now);
		if (fresh > trace.changes.length) this.seen.unseen = true;
		this.take(trace);
		for (const change of changes.filter(({line}) => line.endsWith("_sensor"))) this.seen.changes.push(change);
		this.seen.changes.splice(0, this.seen.changes.length - CHANGES_MAX);
		for (const change of changes)
			if (!change.line.endsWith("_sensor") && change.active) this.switched(change, now);
		this.settle(now);
	}

	active() {
		return this.state !== "bring" && this.state !== "done";
	}

	switched({line, at}, now) {
		if (this.state === "asked" && line === this.line) this.pressed(at, now);
		else if (this.active()) this.lose("foreign", now);
	}

	pressed(at, now) {
		this.seen.count++;
		this.pressedAt = at;
		if (this.task === "after") {
			this.go("which", now);
		} else if (this.task.startsWith("mid_")) {
			const end = this.edge(END[this.way], true, this.began);
			if (this.remaining(at) < BURST_MS || (end && end.at <= at)) this.lose("late", now);
			else this.go("what", now);
		} else {
			this.leave(this.task.endsWith("_up") ? "up" : "down", at, this.at === "open" ? 1 : 0, true);
			this.base = this.seen.presses.length;
			this.press = !this.has(START[this.way]);
			this.go(this.press ? "moving" : "start", now);
		}
	}

	leave(way, at, from, whole) {
		this.way = way;
		this.began = at;
		this.from = from;
		this.whole = whole;
		this.at = null;
	}

	travel(way) {
		return longestTravel(this.seen, way) || (way === "up" ? this.door.open : this.door.close);
	}

	position(at) {
		const moved = (at - this.began) / this.travel(this.way);
		return Math.min(Math.max(this.from + (this.way === "up" ? moved : -moved), 0), 1);
	}

	// How long it still moves.
	remaining(at) {
		return (this.way === "up" ? 1 - this.position(at) : this.position(at)) * this.travel(this.way);
	}

	// What the contacts say by themselves.
	settle(now) {
		if (this.state === "ask" && this.at === "stopped" && (this.is("open", now) || this.is("closed", now))) this.deny(now);
		else if (this.state === "ask" && this.at && this.at !== "stopped" && this.is(this.at, now) === false) this.lose("foreign", now);
		else if (this.state === "start") this.settleStart(now);
		else if (this.state === "moving") this.settleMoving(now);
		else if (this.state === "what" || this.state === "which") this.settlePressed(now);
	}

	settleStart(now) {
		const edge = this.edge(START[this.way], false, this.pressedAt);
		if (this.is(START[this.way], now) !== false) return;
		if (edge) {
			this.seen.reactions.push(edge.at - this.pressedAt);
			this.began = edge.at;
			this.go("moving", now);
		} else {
			this.lose("foreign", now); // it had left before
		}
	}

	settleMoving(now) {
		const end = END[this.way];
		if (this.is(end, now)) this.arrive((this.edge(end, true, this.began) || {at: now}).at, false, now);
		else if (this.is(START[this.way], now) && now - this.began > 2 * BURST_MS) this.deny(now);
	}

	settlePressed(now) {
		for (const way of ["up", "down"])
			if (this.is(END[way], now) && this.edge(END[way], true, this.pressedAt)) {
				const at = this.edge(END[way], true, this.pressedAt).at;
				this.went(way, false, now);
				this.arrive(at, false, now);
				return;
			}
	}

	// What was said since the door left an end is not right: which word of it, nobody knows.
	takeBack() {
		const before = this.seen.presses.length;
		this.seen.presses = this.seen.presses.filter((press, i) => i < this.base || !press.word);
		return this.seen.presses.length < before;
	}

	deny(now) {
		this.lose(this.takeBack() ? "denied" : "foreign", now);
	}

	notePress(moment, what, word) {
		this.seen.presses.push({moment, did: what, word});
	}

	// After a press on the way, or where it stood.
	went(way, word, now) {
		if (this.state === "which") {
			this.notePress("stopped", way === this.way ? "continue" : "reverse", word);
			this.leave(way, this.pressedAt, this.from, false);
		} else {
			this.notePress(MOMENT[this.way], way === this.way ? "ignore" : "reverse", word);
			if (way !== this.way) this.leave(way, this.pressedAt, this.position(this.pressedAt), false);
		}
		this.go("moving", now);
	}

	arrive(at, word, now) {
		if (this.whole) this.seen.travels.push({way: this.way, ms: Math.round(at - this.began), word, press: this.press});
		this.at = END[this.way];
		this.plan(now);
	}

	plan(now) {
		this.note = null;
		const way = this.at === "closed" ? "up" : "down";
		this.task = next(this.seen, this.at, this.skip);
		if (this.task === `go_${way}` && this.travel(way) < 2 * (HAND_MS + this.door.warning)) {
			this.skip[MOMENT[way]] = true; // nobody could press in time
			this.task = next(this.seen, this.at, this.skip);
		}
		this.go(this.task === "done" ? "done" : "ask", now);
	}

	// Whether a press on the way is offered now.
	offered(now) {
		return this.state === "moving" && next(this.seen, this.way, this.skip).startsWith("mid_") && this.levels[`${END[this.way]}_sensor`] !== true &&
			this.remaining(now) > HAND_MS + this.door.warning;
	}

	// The relay whose press is asked for now, or null.
	relay(now) {
		if (this.state !== "ask" && !this.offered(now)) return null;
		if (this.door.toggle) return "relay";
		return this.task === "run_up" ? "open_relay" : "close_relay";
	}

	// The person has tapped twice; and what became of it.
	ask(now) {
		this.tick(now);
		const line = this.relay(now);
		if (!line) return;
		this.line = line;
		this.before = this.state;
		if (this.state === "moving") this.task = `mid_${this.way}`;
		this.go("asked", now);
	}

	answered(accepted, now) {
		if (this.state === "asked" && !accepted) this.go(this.before, now);
	}

	// What the person sees.
	say(what, now) {
		if (!this.says(now).includes(what)) return;
		if (what === "closed") {
			this.at = "closed";
			this.plan(now);
		} else if (what === "arrived") {
			this.arrive(now, true, now);
		} else if (what === "stopped") {
			this.notePress(MOMENT[this.way], "stop", true);
			this.from = this.position(this.pressedAt);
			this.at = "stopped";
			this.plan(now);
		} else if (what === "turned" || what === "went_on") {
			this.went(what === "turned" ? OTHER[this.way] : this.way, true, now);
		} else if (what === "opens" || what === "closes") {
			this.went(what === "opens" ? "up" : "down", true, now);
		} else {
			this.takeBack();
			this.lose("other", now);
		}
	}

	says(now) {
		if (this.state === "bring") return (this.has("closed") && !this.is("closed", now)) || this.is("open", now) ? [] : ["closed"];
		if (this.state === "moving") return this.has(END[this.way]) ? ["other"] : ["arrived", "other"];
		if (this.state === "what") return ["stopped", "turned", "went_on", "other"];
		if (this.state === "which") return ["opens", "closes", "other"];
		return [];
	}

	tick(now) {
		const waited = now - this.since;
		if (this.state === "start" && waited > STILL_MS) this.lose("still", now);
		else if (this.state === "asked" && waited > ANSWER_MS + this.door.warning) this.lose("slow", now);
		else if ((this.state === "ask" || this.state === "what" || this.state === "which") && waited > IDLE_MS) this.lose("slow", now);
		else if (this.state === "moving" && waited > TRAVEL_IDLE_MS) this.lose("slow", now);
	}

	left(now) {
		if (this.active()) this.lose("left", now);
	}

	// The word for what is to be done now.
	word(now) {
		if (this.state === "ask") return this.task;
		if (this.state === "moving") return this.offered(now) ? `mid_${this.way}` : this.way;
		return this.state;
	}
}

// ---- The walk on the page ----

class Screen {
	constructor(details, words) {
		this.details = details;
		this.words = words;
		this.section = details.closest("section");
		this.pre = [...this.section.children].find((child) => child.nodeName === "PRE");
		this.door = readDoor(this.pre.textContent);
		this.box = details.querySelector("div");
		this.status = document.createElement("div");
		this.status.tabIndex = -1;
		this.status.setAttribute("role", "status");
		this.controls = document.createElement("div");
		this.controls.className = "controls";
		this.hears = [[details, "toggle", () => this.end()]];
		this.box.textContent = "";
		this.put(this.box, this.door.autoClose ? "auto_close" : this.door.toggle ? "intro" : "intro_relays");
		this.box.append(this.status, this.controls);
		if (!this.door.autoClose) this.start();
		for (const [target, event, handler] of this.hears) target.addEventListener(event, handler);
	}

	start() {
		this.hears.push([this.box, "submit", (event) => this.submitted(event)], [document, "shown", () => this.look()],
			[document, "answered", ({detail}) => this.answered(detail)], [document, "visibilitychange", () => this.hidden()],
			[window, "pagehide", () => this.end()]);
		this.timer = setInterval(() => {
			this.walk.tick(this.now());
			this.render();
		}, 500);
		this.begin();
	}

	begin() {
		const trace = readTrace(this.section.dataset.trace);
		this.offset = trace.now - performance.now();
		this.walk = new Walk(this.door, trace);
		this.render();
	}

	end() {
		this.walk = null;
		clearInterval(this.timer);
		for (const [target, event, handler] of this.hears) target.removeEventListener(event, handler);
		this.box.textContent = "";
		this.details.open = false;
	}

	// The agent's clock: behind by what the fastest answer took.
	now() {
		return performance.now() + this.offset;
	}

	// script.js has shown a newer page.
	look() {
		const trace = readTrace(this.section.dataset.trace);
		if (trace.count < this.walk.count) this.offset = -Infinity;
		this.offset = Math.max(this.offset, trace.now - performance.now());
		this.walk.see(trace);
		this.render();
	}

	// The second tap. What is no longer offered is not sent, though it may still be seen for a moment.
	submitted(event) {
		this.form = event.target;
		if (this.relay(this.now())) this.walk.ask(this.now());
		if (this.walk.state !== "asked") {
			event.preventDefault();
			event.stopPropagation();
		}
		setTimeout(() => this.render()); // script.js has the form until then
	}

	// While the page is not connected, it does not see what the door does.
	relay(now) {
		return document.documentElement.classList.contains("stale") ? null : this.walk.relay(now);
	}

	// said: undefined where no answer came.
	answered({form, said}) {
		if (form !== this.form) return;
		if (said !== undefined) this.walk.answered(said === "accepted", this.now());
		this.render();
	}

	hidden() {
		if (!document.hidden) return;
		this.walk.left(this.now());
		this.render();
	}

	put(parent, name, kind = "p") {
		const element = document.createElement(kind);
		for (const node of this.words[name].childNodes) element.append(node.cloneNode(true));
		parent.append(element);
		return element;
	}

	button(name, tapped) {
		const button = this.put(this.controls, `say_${name}`, "button");
		button.type = "button";
		button.onclick = tapped;
	}

	// The view's own form for a pulse, with its two taps.
	offer(line) {
		const press = this.section.querySelector(`.pulses form[action*="/${line}?"]`);
		if (!press) return;
		const control = press.closest("details").cloneNode(true);
		control.open = false;
		this.controls.append(control);
	}

	result() {
		const {keys, doubts, reaction} = judge(this.walk.seen, this.door);
		this.put(this.status, "done");
		const yaml = document.createElement("pre");
		yaml.textContent = paste(this.pre.textContent, keys);
		this.status.append(yaml);
		if (reaction !== null) {
			const seconds = (reaction / 1000).toLocaleString(document.documentElement.lang, {maximumFractionDigits: 1});
			this.put(this.status, "reaction").append(` ${seconds}\u00a0s`);
		}
		this.put(this.status, "doubts");
		const list = document.createElement("ul");
		for (const name of doubts) this.put(list, `doubt_${name}`, "li");
		this.status.append(list);
		this.button("again", () => this.begin());
	}

	// What is there stays as it is while nothing else is to be shown: a first tap counts on.
	render() {
		if (!this.walk) return;
		const walk = this.walk, now = this.now(), word = walk.word(now), says = walk.says(now);
		const line = this.relay(now), key = [word, walk.note, line, walk.seen.count, ...says].join();
		if (key === this.shown) return;
		const focused = this.box.contains(document.activeElement);
		this.shown = key;
		this.status.textContent = this.controls.textContent = "";
		if (walk.note) this.put(this.status, `lost_${walk.note}`).className = "message bad";
		if (walk.state === "done") {
			this.result();
		} else {
			this.put(this.status, word);
			if (line) this.offer(line);
			for (const name of says)
				this.button(name, () => {
					walk.say(name, this.now());
					this.render();
				});
		}
		if (focused && !this.box.contains(document.activeElement)) this.status.focus({preventScroll: true});
	}
}

// details: unfolded. ask(path, options): as script.js has it. Ends when details is folded.
export async function walk(details, ask) {
	const turn = details.turn = {}; // folded and unfolded meanwhile: the later one goes on
	const {answer, text} = await ask("learn", {});
	if (!answer.ok || !details.open || details.turn !== turn) return;
	const words = {};
	for (const word of new DOMParser().parseFromString(text, "text/html").querySelectorAll("[data-word]")) words[word.dataset.word] = word;
	new Screen(details, words);
}
