// The feed's own: sharing, the worker that keeps what was opened, what is said of a new version, and the list of what was kept.

import { toast, word } from './words.js';

const SCOPE = '/feed';
const WORKER = '/feed/worker.js';

export function prepareFeed(root) {
  for (const button of root.querySelectorAll('[data-share]')) {
    button.hidden = !navigator.share && !navigator.clipboard;
    button.onclick = share;
  }
  for (const list of root.querySelectorAll('[data-kept]')) tellKept(list);
}

async function share(event) {
  const { share: path, title } = event.currentTarget.dataset;
  const url = new URL(path, location.origin).href;
  if (navigator.share) {
    // Whoever closes the sheet again has not failed.
    await navigator.share({ title, url }).catch(() => {});
    return;
  }
  await navigator.clipboard.writeText(url);
  toast(word('link_copied'));
}

async function tellKept(list) {
  if (!('caches' in window) || list.dataset.kept) return;
  list.dataset.kept = 'on';
  const cache = await caches.open('octavo-feed-pages-v1');
  for (const request of (await cache.keys()).reverse()) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith('/feed/posts/')) continue;
    const page = new DOMParser().parseFromString(await (await cache.match(request, { ignoreVary: true })).text(), 'text/html');
    const item = document.createElement('li');
    const link = document.createElement('a');
    link.className = 'tile link';
    link.href = pathname;
    link.textContent = page.querySelector('h1')?.textContent ?? pathname;
    item.append(link);
    list.append(item);
  }
  if (list.children.length) list.parentElement.querySelector('[data-nothing-kept]').hidden = true;
}

export async function work() {
  if (!('serviceWorker' in navigator) || !location.pathname.startsWith(SCOPE)) return;
  try {
    const wasThere = navigator.serviceWorker.controller;
    const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE, updateViaCache: 'none' });
    const offer = () => registration.waiting && navigator.serviceWorker.controller && offerUpdate(registration.waiting);
    offer();
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', offer));
    if (!wasThere) {
      const { active } = await navigator.serviceWorker.ready;
      active.postMessage({ keep: location.pathname, language: document.documentElement.lang });
    }
  } catch {
    // A browser that keeps no workers, in private windows say, reads the feed all the same.
  }
}

function offerUpdate(waiting) {
  if (document.getElementById('update')) return;
  const strip = document.createElement('div');
  strip.id = 'update';
  strip.className = 'strip update';
  strip.setAttribute('role', 'status');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'link';
  button.textContent = word('update_now');
  button.onclick = () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    waiting.postMessage('take over');
  };
  strip.append(word('update'), ' ', button);
  document.body.append(strip);
}

// Nothing of a person is in there; but what they read is theirs to leave behind or not.
export async function forgetKept() {
  if (!('caches' in window)) return;
  await Promise.all((await caches.keys()).filter((name) => /^octavo-feed-(pages|pictures)/.test(name)).map((name) => caches.delete(name)));
}
