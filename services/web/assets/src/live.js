// How generations go on, told by Socket.IO with the session's cookie: words as they come, stages, ends; in every window of the person.
//
// The server's card is the truth. Between two of them this shows what it hears; at an end, after a pause (the laptop slept), and for what
// another window began it fetches the card anew. So nothing depends on having heard everything.

import { io } from 'socket.io-client';
import htmx from 'htmx.org';
import { prepare } from './page.js';
import { toast, word } from './words.js';

const ENDS = new Set(['job.succeeded', 'job.failed', 'job.cancelled']);
const LONG_MS = 10_000;
const OTHER_WINDOW_MS = 700;
const AGAIN_MS = 3_000;
const UNHEARD_MS = 5_000;
const PLACES_MS = 1_000;
const QUEUED_MS = 15_000;
const FRESH = { headers: { accept: 'application/json' }, cache: 'no-store' };

const title = document.title;
const versions = new Map();
let lastEventId;
const over = new Set();
let submitting = 0;
let ended = 0;
let lock;

export function listen() {
  if (!document.querySelector('meta[name="octavo-live"]')) return;
  // The cookie may have run out; whoever connects with it gets a fresh one first.
  const socket = io({ autoConnect: false, auth: (send) => send({ lastEventId }), transports: ['websocket', 'polling'], reconnectionDelayMax: 5_000 });
  const connect = async () => {
    try {
      const answer = await fetch('/api/web/session', FRESH);
      if (answer.status === 401) return location.reload();
    } catch {
      // Away: Socket.IO goes on trying, and says so.
    }
    socket.connect();
  };
  socket.on('ready', (ready) => {
    lastEventId ??= ready.lastEventId;
    say('');
    refreshOpen();
    catchUp();
  });
  socket.on('connect_error', (error) => {
    // A refusal is not tried again by the library itself.
    if (!socket.active) setTimeout(connect, error.data?.error === 'too_many_requests' ? 30_000 : 3_000);
    say(word('offline'));
  });
  socket.on('disconnect', (reason) => {
    if (reason !== 'io client disconnect') say(word('offline'));
    if (reason === 'io server disconnect') setTimeout(connect, 500);
  });
  socket.on('token.expired', () => {
    socket.disconnect();
    connect();
  });
  socket.onAny((event, body) => {
    if (!event.startsWith('job.')) return;
    lastEventId = body.id;
    hear(event, body);
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    ended = 0;
    document.title = title;
    if (!socket.connected) connect();
    else refreshOpen();
    keepAwake();
  });
  for (const [event, step] of [['htmx:beforeRequest', 1], ['htmx:afterRequest', -1]]) {
    document.body.addEventListener(event, ({ detail }) => {
      if (detail.elt.id === 'make') submitting = Math.max(0, submitting + step);
    });
  }
  document.body.addEventListener('htmx:afterSettle', ({ detail }) => {
    settled();
    // On a phone what was just asked for is below the form.
    if (detail.elt.matches?.('.job')) detail.elt.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  });
  // While nothing is heard (notifications are away) what is open is looked at now and then.
  setInterval(() => {
    if (!socket.connected && !document.hidden && openCards().length) refreshOpen();
  }, UNHEARD_MS);
  setInterval(moveUp, QUEUED_MS);
  connect();
}

function hear(event, body) {
  const card = document.getElementById(`job-${body.job}`);
  const last = versions.get(body.job) ?? 0;
  if (event === 'job.token') return card && write(card, body.data);
  // A transition may be told twice; progress bears a number of its own.
  if (!('seq' in body.data) && body.version <= last) return;
  versions.set(body.job, Math.max(last, body.version));
  if (ENDS.has(event)) over.add(body.job);
  else over.delete(body.job);
  if (event === 'job.accepted') {
    changed();
    // The window that asked puts the card in itself.
    setTimeout(() => adopt(body), submitting ? OTHER_WINDOW_MS : 0);
  } else if (ENDS.has(event)) {
    changed();
    if (card) fetchCard(card);
    announce(event, body, card);
  } else if (card) {
    if (event === 'job.started') changed();
    card.classList.remove('is-queued');
    stage(card, event, body.data);
  }
  if (event === 'job.started' || ENDS.has(event)) moveUp();
}

// Who waits behind one that goes on has come nearer; those of other people are not heard of.
let moving;
function moveUp() {
  clearTimeout(moving);
  moving = setTimeout(() => document.hidden || document.querySelectorAll('.job.is-queued[data-open="1"]').forEach(fetchCard), PLACES_MS);
}

function write(card, data) {
  const place = card.querySelector('.live');
  if (!place) return;
  place.hidden = false;
  place.textContent += data.text;
}

function stage(card, event, data) {
  const line = card.querySelector('.stage');
  const bar = card.querySelector('progress');
  if (!line || !bar) return;
  if (data.restarted) card.querySelector('.live').textContent = '';
  const said = data.stage ?? '';
  const known = event === 'job.started' ? 'started' : said.startsWith('loading') ? 'loading' : said === 'generating' || said === 'drawing' ? said : '';
  const part = typeof data.fraction === 'number' && data.fraction > 0 ? data.fraction : null;
  line.textContent = (known ? word(known) : `${word('working')}: ${said}`) + (part === null ? '' : ` ${Math.round(part * 100)} %`);
  if (part === null) bar.removeAttribute('value');
  else bar.value = part;
}

async function adopt(body) {
  const list = document.getElementById('results');
  if (!list || list.dataset.generator !== body.generator || document.getElementById(`job-${body.job}`)) return;
  const fresh = await cardAt(`/studio/${body.generator}/jobs/${body.job}`);
  if (!fresh || document.getElementById(fresh.id)) return;
  list.prepend(fresh);
  arrived(fresh);
}

// What was begun in another window after this page was made, and before anything was heard here.
async function catchUp() {
  const list = document.getElementById('results');
  if (!list?.dataset.generator || submitting) return;
  try {
    const answer = await fetch(location.pathname, { headers: { accept: 'text/html' }, cache: 'no-store' });
    if (!answer.ok || answer.redirected) return;
    const cards = [...new DOMParser().parseFromString(await answer.text(), 'text/html').querySelectorAll('#results > .job')];
    const known = cards.findIndex((card) => document.getElementById(card.id));
    for (const card of cards.slice(0, known < 0 ? cards.length : known).reverse()) {
      list.prepend(document.adoptNode(card));
      arrived(card);
    }
  } catch {
    // Away: what is heard later is adopted all the same.
  }
}

const asking = new Map();
async function fetchCard(card) {
  const turn = (asking.get(card.id) ?? 0) + 1;
  asking.set(card.id, turn);
  const fresh = await cardAt(card.dataset.url);
  // What was asked for later says more.
  const shown = document.getElementById(card.id);
  if (!shown || asking.get(card.id) !== turn) return;
  if (fresh === null) {
    // Away for a moment: its end, once told, is not told again.
    setTimeout(() => asking.get(card.id) === turn && document.getElementById(card.id)?.dataset.open && fetchCard(card), AGAIN_MS);
    return;
  }
  if (!fresh) return;
  const [before, after] = [shown.querySelector('.live'), fresh.querySelector('.live')];
  if (before && after && !before.hidden) after.replaceWith(before);
  shown.replaceWith(fresh);
  arrived(fresh);
}

async function cardAt(url) {
  try {
    const answer = await fetch(url, { headers: { 'HX-Request': 'true' }, cache: 'no-store' });
    // What is refused is refused; what is away (null) is asked for again.
    if (!answer.ok) return answer.status < 500 ? undefined : null;
    const parsed = document.createElement('template');
    parsed.innerHTML = await answer.text();
    return parsed.content.querySelector('.job');
  } catch {
    return null;
  }
}

function arrived(card) {
  htmx.process(card);
  prepare(card);
  settled();
}

function settled() {
  onlyOnce();
  // Its end was told while its card was still on the way.
  for (const card of openCards()) if (over.delete(card.dataset.job)) fetchCard(card);
  keepAwake();
}

const openCards = () => document.querySelectorAll('.job[data-open="1"]');

function refreshOpen() {
  for (const card of openCards()) fetchCard(card);
  changed();
}

let telling;
function changed() {
  clearTimeout(telling);
  telling = setTimeout(() => htmx.trigger(document.body, 'octavo:jobs'), 250);
}

// Two windows' worth of news about one generation are one card.
function onlyOnce() {
  const seen = new Set();
  for (const card of document.querySelectorAll('.job[data-job]')) {
    if (seen.has(card.id)) card.remove();
    seen.add(card.id);
  }
}

function announce(event, body, card) {
  const asked = card?.querySelector('.asked')?.textContent ?? word(body.generator);
  if (!document.hidden) {
    if (!card && event !== 'job.cancelled') toast(word(event.slice(4)) + ` · ${word(body.generator)}`);
    return;
  }
  ended += 1;
  document.title = `(${ended}) ${word('done_title', asked)}`;
  const began = card?.querySelector('time')?.dateTime;
  const long = !began || new Date(body.at) - new Date(began) > LONG_MS;
  if (long && 'Notification' in window && Notification.permission === 'granted') {
    // The same tag in every window: the person is told once.
    const note = new Notification(word('done_title', asked), { body: word('done_body'), tag: body.job });
    note.onclick = () => window.focus();
  }
}

// A phone that goes dark while one waits stops the page.
async function keepAwake() {
  const waits = openCards().length > 0 && !document.hidden;
  if (waits && !lock && navigator.wakeLock) {
    try {
      lock = await navigator.wakeLock.request('screen');
      lock.addEventListener('release', () => (lock = undefined));
    } catch {
      lock = undefined;
    }
  } else if (!waits && lock) await lock.release();
}

function say(text) {
  const strip = document.getElementById('connection');
  strip.hidden = !text;
  strip.textContent = text;
}
