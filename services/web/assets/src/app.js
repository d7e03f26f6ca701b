// Everything that the pages can do beyond what they can do without a script.

import htmx from 'htmx.org';
import { look } from './admin.js';
import { edit } from './editor.js';
import { forgetKept, prepareFeed, work } from './feed.js';
import { listen } from './live.js';
import { mend } from './mending.js';
import { prepare } from './page.js';
import { forgetPush, preparePush } from './push.js';
import { toast, word } from './words.js';

window.htmx = htmx;
prepare(document);
prepareFeed(document);
preparePush(document);
document.body.addEventListener('htmx:load', (event) => {
  prepare(event.detail.elt);
  // A fragment may be the button's place itself.
  prepareFeed(event.detail.elt.parentElement ?? event.detail.elt);
});
// On the page that says so, since the one that was left may end before it is done.
if (location.pathname === '/login' && /^\?said=(out|deleted)\b/.test(location.search)) {
  forgetKept();
  forgetPush().catch(() => {});
}
work();
// What is refused comes with its place on the page. Anything else that is no fragment of ours (a proxy's page, say) is not put in.
document.body.addEventListener('htmx:beforeSwap', (event) => {
  const { xhr, elt } = event.detail;
  if (xhr.status < 400) return;
  if (xhr.getResponseHeader('HX-Retarget')) {
    // What looks again and again says once what is wrong.
    if ('away' in elt.dataset) event.detail.shouldSwap = false;
    return;
  }
  event.detail.shouldSwap = false;
  complain(elt);
});
document.body.addEventListener('htmx:afterRequest', ({ detail: { elt, xhr } }) => {
  if (!('quiet' in elt.dataset)) return;
  if (xhr.status >= 400) elt.dataset.away = '';
  else if ('away' in elt.dataset && xhr.status) {
    delete elt.dataset.away;
    document.getElementById('problem')?.replaceChildren();
  }
});
document.body.addEventListener('htmx:sendError', (event) => complain(event.detail.elt));
edit();
listen();
look();
mend();

// What asks by itself, again and again, says nothing: the strip at the foot does.
function complain(elt) {
  if (!elt.matches('#queue, [data-quiet], [data-live]')) toast(word('away'));
}
