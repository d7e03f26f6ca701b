// Small things of a page: local times, copy, pictures that are dropped, the way back from another issuer, notifications.

import { toast, word } from './words.js';

const language = document.documentElement.lang || 'en';

export function prepare(root) {
  for (const time of all(root, 'time[datetime]')) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.title = at.toLocaleString(language);
      time.textContent = at.toLocaleString(language, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
    }
  }
  for (const button of all(root, '[data-copy]')) {
    button.hidden = !navigator.clipboard;
    button.onclick = copy;
  }
  for (const place of all(root, '[data-drop]')) drop(place);
  for (const hint of all(root, '.only-script')) hint.hidden = !('Notification' in window) || Notification.permission === 'granted';
  for (const button of all(root, '[data-tell]')) button.onclick = tell;
  for (const link of all(root, '.local-only')) link.hidden = !['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
}

function all(root, selector) {
  const found = [...root.querySelectorAll(selector)];
  return root.matches?.(selector) ? [root, ...found] : found;
}

async function copy(event) {
  const text = event.currentTarget.closest('.job')?.querySelector('.result')?.textContent;
  if (!text) return;
  await navigator.clipboard.writeText(text);
  toast(word('copied'));
}

function drop(place) {
  const input = place.querySelector('input[type=file]');
  const preview = place.querySelector('.preview');
  const show = () => {
    const [file] = input.files;
    if (preview.src) URL.revokeObjectURL(preview.src);
    preview.hidden = !file;
    if (file) {
      preview.src = URL.createObjectURL(file);
      preview.alt = word('picture_chosen', file.name);
    } else preview.removeAttribute('src');
  };
  input.onchange = show;
  place.ondragover = (event) => {
    event.preventDefault();
    place.classList.add('over');
  };
  place.ondragleave = () => place.classList.remove('over');
  place.ondrop = (event) => {
    event.preventDefault();
    place.classList.remove('over');
    if (event.dataTransfer.files.length) {
      input.files = event.dataTransfer.files;
      show();
    }
  };
}

async function tell(event) {
  const button = event.currentTarget;
  const allowed = (await Notification.requestPermission()) === 'granted';
  toast(word(allowed ? 'told' : 'not_told'));
  if (allowed) button.closest('.only-script').hidden = true;
}

// Another issuer sends back to the login with a ticket behind the #, which no server has seen.
const ticket = new URLSearchParams(location.hash.slice(1)).get('ticket');
const form = document.getElementById('ticket');
if (ticket && form) {
  history.replaceState(null, '', location.pathname + location.search);
  form.elements.ticket.value = ticket;
  form.submit();
}

// An open menu closes as menus do.
document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('details.menu[open]')) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    menu.open = false;
    menu.querySelector('summary').focus();
  }
});

// What was typed outlives a reload and a login that ran out, in this window alone.
const maker = document.getElementById('make');
if (maker) {
  const key = `octavo:draft:${maker.action}`;
  const kept = JSON.parse(sessionStorage.getItem(key) ?? '{}');
  const isText = (field) => field.name && field.name !== 'key' && (field.type === 'textarea' || field.type === 'text' || field.type === 'number');
  if (!location.search) for (const field of maker.elements) if (isText(field) && !field.value && kept[field.name]) field.value = kept[field.name];
  maker.addEventListener('input', () => {
    const typed = [...maker.elements].filter((field) => isText(field) && field.value);
    sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(typed.map((field) => [field.name, field.value]))));
  });
}
document.querySelector('form[action="/logout"]')?.addEventListener('submit', () => sessionStorage.clear());

// A provider's own sizes and styles: what another one knows cannot be chosen with it.
if (maker?.dataset.providers) {
  const every = JSON.parse(maker.dataset.providers);
  const lists = { size: 'sizes', quality: 'qualities', style: 'styles' };
  const narrow = () => {
    const able = every[maker.elements.provider?.value] ?? Object.values(every)[0];
    for (const [name, list] of Object.entries(lists)) {
      for (const option of maker.elements[name]?.options ?? []) {
        option.hidden = option.disabled = option.value !== '' && !able[list].includes(option.value);
        if (option.disabled && option.selected) maker.elements[name].value = '';
      }
    }
    for (const name of ['seed', 'negative_prompt']) if (maker.elements[name]) maker.elements[name].disabled = !able[name];
    if (maker.elements.num_images) maker.elements.num_images.max = able.max_images;
  };
  maker.elements.provider?.addEventListener('change', narrow);
  narrow();
}
