"use strict";
// All words are the server's: when an event says that something changed, the page is asked for again and what differs is
// put in its place. This script adds what a page alone cannot: to do so live, the viewer's time zone, and a voice. The few
// words of its own come with the page, in the page's language.
// It may fail at any place in a browser that lacks something. So the page says that it does not renew itself unless the
// script has just shown that it does (prove), and until the first time forms are the browser's. Browsers from 2019 on.
(() => {
	const byId = (id) => document.getElementById(id);
	const RETRY_MS = 1000, RETRY_MAX_MS = 5000, SILENCE_MS = 25000, ANSWER_MS = 8000, NOTICE_MS = 8000, ARMED_MS = 6000;
	const PARTS = ["messages", "doors", "peers", "stops", "history", "about", "setup"];
	const own = document.querySelector("script").dataset;
	// The page's language, as the viewer's country writes it: de-AT where the page is German.
	const language = document.documentElement.lang;
	const locale = (navigator.languages || []).find((tag) => tag.split("-")[0] === language) || language;
	// The doors, or the Set-up view. From the page's own folder: a path that begins with two slashes would name a host.
	const home = "./" + location.pathname.replace(/.*\//, "");
	// The folder of the page, below whatever path; without the user:password@ that location has, and that fetch refuses.
	const site = location.origin + location.pathname.replace(/[^/]*$/, "");
	let address = home; // with how the last command ended, for a while
	let stream, silence, retry, plain, delay = RETRY_MS, heard = Date.now(), lost = false, proved = false;
	let busy = false, again = false, noted = 0;

	// How long ago it was made, as a function. While a machine sleeps, its timers stand still, and its wall clock does not.
	function since() {
		const wall = Date.now(), own = performance.now();
		return () => Math.max(Date.now() - wall, performance.now() - own);
	}

	// ---- What is shown ----

	// 24 hours everywhere; midnight is 24:00 in some browsers.
	const clock = (time, seconds) => time.toLocaleTimeString(locale, {hour: "2-digit", minute: "2-digit", second: seconds, hour12: false}).replace(/^24/, "00");

	function daysAgo(time) {
		const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate());
		return Math.round((midnight(new Date()) - midnight(time)) / 86400000);
	}

	function day(time, days) {
		if (days === 0) return "";
		if (days === 1) return own.yesterday + " ";
		return time.toLocaleDateString(locale, {weekday: "short", day: "numeric", month: "short", year: days > 300 ? "numeric" : undefined}) + " ";
	}

	function localise(root) {
		for (const element of root.querySelectorAll("time[datetime]")) {
			const time = new Date(element.dateTime), days = daysAgo(time), entry = element.closest(".history li");
			if (entry && days !== 0 && days !== 1) {
				entry.remove();
				continue;
			}
			element.textContent = day(time, days) + clock(time);
		}
	}

	// A control takes the place of no other one: it would be open, and a first tap would count for what was not tapped.
	const kind = (node) => node.nodeName + node.id + (node.nodeName === "DETAILS" ? node.className : "");

	function fold(except) {
		for (const details of document.querySelectorAll("details.control[open]"))
			if (details !== except) details.open = false;
	}

	function asks(details) {
		const copy = details.cloneNode(true);
		copy.open = false;
		for (const output of copy.querySelectorAll("output")) output.textContent = "";
		return copy;
	}

	// Makes old equal to fresh, and leaves alone what is equal: focus, transitions, what is unfolded. But a slider that gets
	// other ends is folded: the first tap was for what was seen then.
	function morph(old, fresh) {
		if (old.isEqualNode(fresh) || old.matches(".stopwatch, .learn") || old.nodeName === "OUTPUT") return;
		if (old.matches("details.control[open]") && !asks(old).isEqualNode(fresh)) old.open = false;
		for (const {name} of [...old.attributes])
			if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
		for (const {name, value} of fresh.attributes)
			if (old.getAttribute(name) !== value) old.setAttribute(name, value);
		const olds = [...old.childNodes], news = [...fresh.childNodes];
		news.forEach((node, i) => {
			const place = olds[i];
			if (!place) old.append(node);
			else if (kind(place) !== kind(node)) place.replaceWith(node);
			else if (node.nodeType === Node.ELEMENT_NODE) morph(place, node);
			else if (place.data !== node.data) place.data = node.data;
		});
		olds.slice(news.length).forEach((node) => node.remove());
	}

	const spoken = () => [...document.querySelectorAll(".door, .peer")];
	const words = (part) => `${part.querySelector("h2").textContent}: ${part.querySelector(part.matches(".peer") ? ".broker" : ".state").firstChild.textContent}`;

	const unseen = () => document.querySelector("h1").textContent; // the title of a page that is hidden

	function show(text) {
		const fresh = new DOMParser().parseFromString(text, "text/html");
		const source = (page) => page.querySelector("script").getAttribute("src");
		if (source(fresh) !== source(document) || fresh.documentElement.lang !== language) {
			location.reload(); // another version of the agent, or another language by its configuration
			return;
		}
		localise(fresh);
		const before = new Set(spoken().map(words));
		const focused = document.activeElement.closest(".door");
		document.title = document.hidden ? unseen() : fresh.title;
		morph(document.querySelector("header"), fresh.querySelector("header"));
		for (const id of PARTS)
			if (byId(id) && fresh.getElementById(id) && !(id === "messages" && Date.now() < noted)) morph(byId(id), fresh.getElementById(id));
		if (focused && document.activeElement === document.body) {
			const name = focused.querySelector("h2");
			name.tabIndex = -1;
			name.focus({preventScroll: true});
		}
		document.dispatchEvent(new CustomEvent("shown"));
		const said = [...spoken().map(words).filter((word) => !before.has(word)),
			...[...document.querySelectorAll(".notice")].map((notice) => notice.textContent)].join(". ");
		if (said && said !== byId("said").textContent) byId("said").textContent = said;
	}

	// Begins anew the time after which the style sheet shows that the page does not renew itself.
	function wait(live) {
		document.documentElement.classList.toggle("live", live);
		byId("dead").replaceWith(byId("dead").cloneNode(true));
	}

	function prove() {
		if (lost) return;
		proved = true;
		wait(true);
	}

	function connected(yes) {
		if (yes) heard = Date.now();
		else if (!lost) byId("lost").textContent = own.lost.replace("{time}", clock(new Date(heard), "2-digit"));
		lost = !yes;
		byId("lost").hidden = yes;
		document.documentElement.classList.toggle("stale", lost);
	}

	// What comes back of a request; it fails when that takes too long, or at once where a browser cannot do it.
	function ask(path, options) {
		const control = window.AbortController && new AbortController();
		if (control) options.signal = control.signal;
		options.credentials = "same-origin"; // older browsers leave them out
		options.headers = {Accept: "text/html", "Accept-Language": language};
		return new Promise((done, failed) => {
			const waited = since();
			const late = setInterval(() => {
				if (waited() < ANSWER_MS) return;
				clearInterval(late);
				if (control) control.abort();
				failed(new Error("late"));
			}, 500);
			const end = (how) => (what) => {
				clearInterval(late);
				how(what);
			};
			fetch(new URL(path, site).href, options).then((answer) => answer.text().then((text) => ({answer, text}))).then(end(done), end(failed));
		});
	}

	async function refresh() {
		again = true;
		if (busy) return;
		busy = true;
		while (again) {
			again = false;
			const asked = address;
			try {
				const {answer, text} = await ask(asked, {});
				if (answer.status === 401 && proved) location.reload(); // another password: the browser asks for it
				if (!answer.ok) throw new Error(answer.status);
				if (asked === address) show(text);
				else again = true; // meanwhile a command has ended, and that page says how
				connected(true);
				prove();
			} catch (error) {
				connected(false);
			}
		}
		busy = false;
	}

	// ---- Live ----

	function hear() {
		heard = Date.now();
		delay = RETRY_MS;
		clearTimeout(silence);
		silence = setTimeout(drop, SILENCE_MS);
		if (proved && !busy) prove();
	}

	function hush() {
		if (stream) stream.close();
		stream = null;
		clearTimeout(silence);
		clearTimeout(retry);
	}

	function drop() {
		hush();
		refresh();
		retry = setTimeout(listen, delay);
		delay = Math.min(delay * 2, RETRY_MAX_MS);
	}

	function listen() {
		hush();
		silence = setTimeout(drop, SILENCE_MS);
		stream = new EventSource(site + "api/events");
		stream.addEventListener("doors", () => { hear(); refresh(); });
		stream.addEventListener("alive", hear);
		stream.onerror = drop;
	}

	// A browser has six connections to a server: hidden pages keep none, and do not say how the doors are. A first tap
	// counts no longer.
	function rest() {
		hush();
		fold();
		document.title = unseen();
	}

	function wake() {
		wait(false);
		listen();
	}

	document.addEventListener("visibilitychange", () => {
		if (document.hidden) rest();
		else wake();
	});
	addEventListener("pagehide", rest);
	addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
	setInterval(() => { if (!document.hidden) refresh(); }, 60000); // "for 12 minutes"

	// ---- Commands ----

	function notify(text) {
		const note = document.createElement("p");
		note.className = "message notice";
		note.textContent = text;
		byId("messages").textContent = "";
		byId("messages").append(note);
		byId("said").textContent = text;
		noted = Date.now() + NOTICE_MS;
	}

	// For doors without contacts: from the command until a person says that the door stands.
	function measure(section) {
		const watch = section && section.querySelector(".stopwatch");
		if (!watch) return;
		const start = performance.now();
		watch.hidden = false;
		watch.querySelector("output").textContent = "";
		watch.querySelector("button").onclick = () => {
			const tenths = Math.ceil((performance.now() - start) * 1.05 / 100);
			watch.querySelector("output").textContent = `travel_time: ${tenths * 100}ms`;
		};
	}

	// A form is the browser's until the script has proved itself, and where it fails before it has asked.
	document.addEventListener("submit", (event) => {
		const form = event.target, details = form.closest("details.control");
		if (!proved || form.className === "log-out") return;
		if (details && details.unfolded && details.unfolded() > ARMED_MS) { // the machine has slept in between
			event.preventDefault();
			details.open = false;
			answered(form, null);
			return;
		}
		hush(); // a way for the command is free, however many pages listen
		const body = form.elements.position && new URLSearchParams({position: form.elements.position.value});
		const asked = ask(form.getAttribute("action"), body ? {method: "POST", body} : {method: "POST"});
		event.preventDefault();
		commanded(form, asked);
	});

	// For the walk that learns the opener (learn.js).
	function answered(form, said) {
		document.dispatchEvent(new CustomEvent("answered", {detail: {form, said}}));
	}

	async function commanded(form, asked) {
		const details = form.closest("details.control");
		if (details) {
			if (details.contains(document.activeElement)) details.querySelector("summary").focus();
			details.open = false;
		}
		try {
			const {answer, text} = await asked;
			if (answer.ok) {
				address = answer.url;
				show(text);
				answered(form, new URL(answer.url).searchParams.get("said"));
				if (!form.closest(".learn")) measure(form.closest("section"));
			} else {
				answered(form, null);
				notify(new DOMParser().parseFromString(text, "text/html").querySelector("h1").textContent);
			}
		} catch (error) {
			notify(own.silent);
			connected(false);
		}
		if (!document.hidden) listen();
		clearTimeout(plain);
		plain = setTimeout(() => { address = home; refresh(); }, NOTICE_MS);
	}

	function seesFocus(element) {
		try {
			return element.matches(":focus-visible");
		} catch (error) {
			return false;
		}
	}

	// A second tap counts for a while, anew with each change of a slider, whose number stands beside it.
	function arm(details) {
		const slider = details.querySelector("[type=range]");
		if (slider) details.querySelector("output").textContent = `${slider.value} %`;
		details.unfolded = since();
		clearTimeout(details.armed);
		details.armed = setTimeout(() => { details.open = false; }, ARMED_MS);
	}

	document.addEventListener("input", (event) => {
		const details = event.target.closest("details.control");
		if (details) arm(details);
	});

	document.addEventListener("toggle", (event) => {
		const details = event.target;
		if (details.matches(".learn") && details.open)
			import(new URL(details.dataset.script, site).href).then((learn) => learn.walk(details, ask));
		if (!details.matches("details.control") || !details.open) return;
		fold(details);
		arm(details);
		if (seesFocus(details.querySelector("summary")))
			setTimeout(() => { if (details.open) details.querySelector("button").focus(); }, 450);
	}, true);

	document.addEventListener("keydown", (event) => {
		if (event.repeat && event.key === "Enter" && event.target.closest("details.control")) event.preventDefault(); // held: one tap
		const details = event.key === "Escape" && event.target.closest("details.control[open]");
		if (!details) return;
		details.open = false;
		details.querySelector("summary").focus();
	});

	// ----

	localise(document);
	if (location.search) history.replaceState(null, "", home);
	if (byId("setup")) setInterval(() => { if (!document.hidden) refresh(); }, 1000); // levels are no events
	if (document.hidden) rest();
	else listen();
})();
