// Everything that the pages can do beyond what they can do without a script.

import htmx from 'htmx.org';
import { listen } from './live.js';
import { prepare } from './page.js';
import { toast, word } from './words.js';

window.htmx = htmx;
prepare(document);
document.body.addEventListener('htmx:load', (event) => prepare(event.detail.elt));
// What is refused comes with its place on the page. Anything else that is no fragment of ours (a proxy's page, say) is not put in.
document.body.addEventListener('htmx:beforeSwap', (event) => {
  const { xhr, elt } = event.detail;
  if (xhr.status < 400 || xhr.getResponseHeader('HX-Retarget')) return;
  event.detail.shouldSwap = false;
  if (elt.id !== 'queue') toast(word('away'));
});
document.body.addEventListener('htmx:sendError', () => toast(word('away')));
listen();
