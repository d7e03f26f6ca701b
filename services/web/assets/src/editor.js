// The editor of a story. It saves by itself when one pauses, or leaves a field or the window; what is not saved yet is kept in this window.
// Each save is a version of the story, so it waits for a pause. What was changed elsewhere is never overwritten by itself.

import { toast, word } from './words.js';

const PAUSE_MS = 8_000;
const AGAIN_MS = 10_000;
const NAMES = ['title', 'text', 'language', 'audience'];

export function edit() {
  const form = document.getElementById('editor');
  if (!form) return;
  const { version } = form.elements;
  const key = `octavo:story:${form.dataset.autosave}`;
  const typed = () => Object.fromEntries(NAMES.map((name) => [name, form.elements[name].value]));
  // On a page that shows both, saving is for the person to do.
  let apart = 'conflict' in form.dataset;
  // A form that came back holds what no service has.
  let saved = 'unsaved' in form.dataset ? '' : JSON.stringify(typed());
  let timer;
  let saving = false;
  let submitted = false;

  const say = (text) => {
    document.getElementById('saved').textContent = word(text);
  };

  const kept = JSON.parse(sessionStorage.getItem(key) ?? 'null');
  if (saved === '') later();
  else if (kept && !apart && JSON.stringify(kept.typed) !== saved) {
    for (const name of NAMES) form.elements[name].value = kept.typed[name];
    // With the version that it was typed over: if another one is there by now, that is found out when it is saved.
    version.value = kept.version;
    toast(word('put_back'));
    later();
  } else if (kept && !apart) sessionStorage.removeItem(key);

  function later() {
    if (!apart) sessionStorage.setItem(key, JSON.stringify({ typed: typed(), version: version.value }));
    say(apart ? 'elsewhere' : 'unsaved');
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE_MS);
  }

  async function save() {
    clearTimeout(timer);
    const fields = typed();
    const sending = JSON.stringify(fields);
    if (saving || apart || submitted || sending === saved) return;
    saving = true;
    say('saving');
    try {
      const body = new URLSearchParams({ ...fields, version: version.value });
      const answer = await fetch(form.dataset.autosave, { method: 'POST', body, redirect: 'manual', cache: 'no-store' });
      if (answer.status === 412) {
        apart = true;
        say('elsewhere');
      } else if (answer.status === 422) say('unsaved');
      else if (!answer.ok) throw new Error(String(answer.status));
      else {
        version.value = (await answer.json()).version;
        saved = sending;
        if (JSON.stringify(typed()) === saved) {
          sessionStorage.removeItem(key);
          say('saved');
        } else later();
      }
    } catch {
      say('unsaved');
      timer = setTimeout(save, AGAIN_MS);
    } finally {
      saving = false;
      if (submitted) form.submit();
    }
  }

  form.addEventListener('input', later);
  // Who leaves a field has paused.
  form.addEventListener('change', save);
  form.addEventListener('submit', (event) => {
    if (submitted) return event.preventDefault();
    submitted = true;
    clearTimeout(timer);
    sessionStorage.setItem('octavo:sent', key);
    // The one that is under way has the version that this one needs.
    if (saving) event.preventDefault();
  });
  window.addEventListener('pageshow', () => (submitted = false));
  document.addEventListener('visibilitychange', () => document.hidden && save());
}
