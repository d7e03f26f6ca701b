// The administration: parts of a page that are looked at again while somebody sees them, and lines of logs as they are written.

import htmx from 'htmx.org';
import { prepare } from './page.js';

const EVERY_S = 5;
const LINES_MAX = 500;
const AGAIN_MS = 5_000;
const TONES = { warning: 'warm', warn: 'warm', error: 'bad', exception: 'bad', critical: 'bad' };

export function look() {
  for (const place of document.querySelectorAll('[data-live]')) lookAgain(place);
  for (const place of document.querySelectorAll('[data-tail]')) tail(place);
}

function lookAgain(place) {
  const every = (Number(place.dataset.live) || EVERY_S) * 1000;
  let timer;
  let shown;
  let kept;
  const ask = () => {
    // Whoever marks a text is not to lose it.
    const marked = getSelection();
    if (!marked.isCollapsed && place.contains(marked.anchorNode)) return;
    htmx.trigger(place, 'octavo:look');
  };
  const start = () => (timer ??= setInterval(ask, every));
  const stop = () => (timer = clearInterval(timer));
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return stop();
    ask();
    start();
  });
  place.addEventListener('htmx:beforeSwap', ({ detail }) => {
    // What has not changed stays as it is, an error that goes on too: nothing is read out twice.
    if (detail.serverResponse === shown) detail.shouldSwap = false;
    shown = detail.serverResponse;
    kept = detail.target === place && detail.shouldSwap ? stateOf(place) : undefined;
  });
  place.addEventListener('htmx:afterRequest', ({ detail }) => {
    if (detail.elt !== place || !kept) return;
    restore(place, kept);
    kept = undefined;
    prepare(place);
  });
  if (!document.hidden) start();
}

const alike = (place, wanted) => [...place.querySelectorAll('a[href], button, summary, [tabindex]')].filter((one) => nameOf(one) === wanted);
const nameOf = (one) => one.cloneNode(one.matches('a, button, summary')).outerHTML;

// What a person has opened, scrolled to and is at: the second of two that are alike is still the second.
function stateOf(place) {
  const at = place.contains(document.activeElement) ? document.activeElement : undefined;
  return {
    opened: [...place.querySelectorAll('details[open][id]')].map((one) => one.id),
    scrolled: [...place.querySelectorAll('.scroll')].map((one) => one.scrollLeft),
    name: at && nameOf(at),
    number: at ? alike(place, nameOf(at)).indexOf(at) : -1,
  };
}

function restore(place, { opened, scrolled, name, number }) {
  for (const one of place.querySelectorAll('details[id]')) one.open ||= opened.includes(one.id);
  place.querySelectorAll('.scroll').forEach((one, index) => (one.scrollLeft = scrolled[index] ?? 0));
  if (number >= 0) alike(place, name)[number]?.focus({ preventScroll: true });
}

function tail(place) {
  const [toggle, empty, says, list] = ['toggle', 'empty', 'says', 'lines'].map((name) => place.querySelector(`[data-${name}]`));
  const form = document.getElementById(place.dataset.form);
  const say = (key) => (says.textContent = place.dataset[`word${key}`]);
  let wanted = false;
  let source;
  let waiting;
  let coming = [];

  const close = () => {
    clearTimeout(waiting);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    const asked = new URLSearchParams();
    for (const name of ['service', 'level', 'correlation_id', 'text']) {
      const value = form.elements[name].value.trim();
      if (value) asked.set(name, value);
    }
    source = new EventSource(`${place.dataset.tail}?${asked}`);
    source.addEventListener('open', () => say('Open'));
    source.addEventListener('line', ({ data }) => arrive(JSON.parse(data)));
    source.addEventListener('end', ({ data }) => later(JSON.parse(data).reason === 'lagged' ? 'Lagged' : 'Away'));
    source.onerror = () => later('Away');
  };
  // The session may have run out meanwhile: whoever opens anew gets a fresh one first, or the login.
  const later = (key) => {
    close();
    say(key);
    waiting = setTimeout(async () => {
      try {
        const answer = await fetch('/api/web/session', { headers: { accept: 'application/json' }, cache: 'no-store' });
        if (answer.status === 401) return location.reload();
      } catch {
        // Away: opening it says so, and is tried again.
      }
      if (wanted && !document.hidden) open();
    }, AGAIN_MS);
  };
  const arrive = (said) => {
    if (!coming.length) requestAnimationFrame(put);
    coming.push(said);
    if (coming.length > LINES_MAX) {
      coming.shift();
      say('Lagged');
    }
  };
  const put = () => {
    const stays = list.scrollTop + list.clientHeight < list.scrollHeight - 40;
    list.hidden = empty.hidden = false;
    list.append(...coming.map(lineOf));
    coming = [];
    while (list.childElementCount > LINES_MAX) list.firstElementChild.remove();
    // Who has scrolled back reads.
    if (!stays) list.scrollTop = list.scrollHeight;
  };

  toggle.onclick = () => {
    wanted = !wanted;
    toggle.textContent = place.dataset[wanted ? 'wordPause' : 'wordFollow'];
    if (wanted) return open();
    close();
    say('Paused');
  };
  empty.onclick = () => {
    list.replaceChildren();
    list.hidden = empty.hidden = true;
    toggle.focus();
  };
  form.addEventListener('change', () => wanted && open());
  document.addEventListener('visibilitychange', () => {
    if (!wanted) return;
    if (!document.hidden) return open();
    close();
    say('Hidden');
  });
  place.hidden = false;
}

function lineOf(said) {
  const line = document.createElement('li');
  const head = part('p', 'line-head');
  const at = part('time', '', said.at);
  at.dateTime = said.at;
  at.dataset.exact = '';
  head.append(at, ' ', part('span', `tag ${TONES[said.level] ?? ''}`, said.level), ' ', part('b', '', said.service));
  line.append(head, part('p', 'line-text', said.message));
  if (said.correlation_id) {
    const link = part('a', 'mono', said.correlation_id);
    link.href = `/admin/logs?correlation_id=${encodeURIComponent(said.correlation_id)}`;
    const below = part('p', 'quiet');
    below.append(link);
    line.append(below);
  }
  prepare(line);
  return line;
}

function part(name, style, text = '') {
  const made = document.createElement(name);
  if (style) made.className = style.trim();
  made.textContent = text;
  return made;
}
