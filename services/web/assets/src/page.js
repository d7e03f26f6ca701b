// Small things of a page: local times, copy, pictures that are dropped, the way back from another issuer, notifications.

import { toast, word } from './words.js';

const language = document.documentElement.lang || 'en';

export function prepare(root) {
  for (const time of all(root, 'time[datetime]')) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.title = at.toLocaleString(language);
      const seconds = 'exact' in time.dataset ? { second: '2-digit', fractionalSecondDigits: 3 } : {};
      time.textContent = at.toLocaleString(language, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', ...seconds });
    }
  }
  for (const button of all(root, '[data-copy]')) {
    button.hidden = !navigator.clipboard;
    button.onclick = copy;
  }
  for (const place of all(root, '[data-drop]')) drop(place);
  for (const hint of all(root, '.only-script')) hint.hidden = !('Notification' in window) || Notification.permission === 'granted';
  for (const button of all(root, '[data-tell]')) button.onclick = tell;
  for (const form of all(root, 'form[data-once]')) once(form);
  for (const form of all(root, 'form[data-auto]')) for (const list of form.querySelectorAll('select')) list.onchange = () => form.requestSubmit();
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

// A second click is not a second one.
function once(form) {
  form.onsubmit = (event) => {
    if (form.dataset.sent) event.preventDefault();
    else form.dataset.sent = '1';
  };
}
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-once]')) delete form.dataset.sent;
});

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
  const chosen = async () => {
    show();
    if (place.dataset.shrink) await shrink(input, Number(place.dataset.shrink));
  };
  input.onchange = chosen;
  const camera = place.querySelector('[data-camera]');
  if (camera && matchMedia('(pointer: coarse)').matches) {
    camera.hidden = false;
    camera.onclick = () => {
      input.setAttribute('capture', 'environment');
      input.click();
      // Whoever chooses a file the next time is not sent to the camera.
      input.removeAttribute('capture');
    };
  }
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
      chosen();
    }
  };
}

// A phone's photographs are larger than a small picture may be. What cannot be read here is sent as it is, and the answer says what is wrong.
const LARGE_BYTES = 3_000_000;
async function shrink(input, side) {
  const [file] = input.files;
  if (!file || file.size < LARGE_BYTES) return;
  try {
    const image = await createImageBitmap(file);
    const part = Math.min(1, side / Math.max(image.width, image.height));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [Math.round(image.width * part), Math.round(image.height * part)];
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    const small = await new Promise((made) => canvas.toBlob(made, 'image/jpeg', 0.9));
    if (!small || input.files[0] !== file) return;
    const files = new DataTransfer();
    files.items.add(new File([small], 'picture.jpg', { type: 'image/jpeg' }));
    input.files = files.files;
  } catch {
    // As it is, then.
  }
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

// What was typed outlives a reload and a login that ran out, in this window alone, until it was sent and taken.
const SENT = 'octavo:sent';
const TYPED = new Set(['textarea', 'text', 'number', 'email', 'tel']);
const isText = (field) => field.name && field.name !== 'key' && TYPED.has(field.type);
const isChosen = (field) => field.name && (field.type === 'radio' || field.type === 'select-one');
// Whoever comes next in this window finds nothing of who was here before.
const DRAFT = 'octavo:draft:';
const user = document.querySelector('meta[name="octavo-live"]')?.content;
if (user) {
  if ((sessionStorage.getItem('octavo:user') ?? user) !== user) {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(DRAFT)) sessionStorage.removeItem(key);
  }
  sessionStorage.setItem('octavo:user', user);
}
const sent = sessionStorage.getItem(SENT);
if (sent) {
  sessionStorage.removeItem(SENT);
  const refused = location.pathname.startsWith('/login') || document.querySelector('.notice.bad, .notice[role=alert], .fault, .code');
  if (!refused) sessionStorage.removeItem(sent);
}

function choose(field, value) {
  if (field.type === 'radio') field.checked ||= field.value === value;
  else if ([...field.options].some((option) => option.value === value)) field.value = value;
}

function remember(form, fills) {
  const key = `${DRAFT}${form.action}${location.search}`;
  const kept = JSON.parse(sessionStorage.getItem(key) ?? '{}');
  const version = form.elements.version?.value;
  for (const field of form.elements) {
    if (fills && isChosen(field)) choose(field, kept[field.name]);
    // What was typed over an earlier version of a thing is not put over a later one.
    if (fills && isText(field) && kept[field.name] && (!field.value || (version && kept.version === version))) field.value = kept[field.name];
  }
  form.addEventListener('input', () => {
    const typed = [...form.elements].filter((field) => (isText(field) && field.value) || (isChosen(field) && (field.type !== 'radio' || field.checked)));
    const draft = Object.fromEntries(typed.map((field) => [field.name, field.value]));
    sessionStorage.setItem(key, JSON.stringify(version ? { ...draft, version } : draft));
  });
  if (form !== maker) form.addEventListener('submit', () => sessionStorage.setItem(SENT, key));
}
const maker = document.getElementById('make');
if (maker) remember(maker, !location.search);
for (const form of document.querySelectorAll('form[data-keep]')) remember(form, true);
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
