// A page that says that something does not answer looks by itself whether it does again, and is then whole: the pause grows, and nothing
// is asked while nobody looks. A page on which somebody types stays, and what was missing is put in; any other is loaded anew.

import htmx from 'htmx.org';
import { prepare } from './page.js';
import { toast, word } from './words.js';

const FIRST_MS = 2_000;
const MOST_MS = 15_000;

export function mend() {
  if (!document.querySelector('[data-away]')) return;
  let pause = FIRST_MS;
  let timer;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(look, pause);
    pause = Math.min(pause * 1.5, MOST_MS);
  };
  const look = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
      // The session has ended meanwhile: the login leads back here.
      if (answer.redirected) return location.reload();
      if (answer.status < 500) {
        const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
        if (!fresh.querySelector('[data-away]')) return back(fresh);
      }
    } catch {
      // Away as a whole; it is asked again.
    }
    again();
  };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden || !document.querySelector('[data-away]')) return;
    pause = FIRST_MS;
    again();
  });
  again();
}

function back(fresh) {
  if (!document.querySelector('[data-away="stays"]')) return location.reload();
  for (const notice of document.querySelectorAll('[data-away]')) notice.remove();
  const [shown, results] = [document.getElementById('results'), fresh.getElementById('results')];
  if (shown && results) {
    shown.replaceWith(document.adoptNode(results));
    htmx.process(results);
    prepare(results);
    htmx.trigger(document.body, 'octavo:jobs');
  }
  toast(word('back'));
}
