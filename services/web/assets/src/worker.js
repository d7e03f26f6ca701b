// The feed without a network: pages that were opened, their pictures, and what they are made of. The server writes `BUILD` before this, so that
// each build is a new worker; a cache gets another number when what lies in it is kept in another way.
//
// What is kept is what anybody sees: a page that was opened is fetched once more without cookies, so that nothing of a person lies in a
// cache, whoever uses the browser next. Everything is asked of the network first, but for what can never change.
//
// It also shows what is pushed: a post by somebody whom a person follows.

const PAGES = 'octavo-feed-pages-v1';
const PICTURES = 'octavo-feed-pictures-v1';
const PARTS = 'octavo-feed-parts-v1';
const OFFLINE = '/feed/offline';
const MOST_PAGES = 50;
const MOST_PICTURES = 100;
const MOST_PARTS = 60;
const ANY = { ignoreVary: true };
const POST = /^\/feed\/posts\/[0-9a-f-]{36}$/;
const PICTURE = /^\/api\/feed\/posts\/[0-9a-f-]{36}\/pictures\/[1-6]$/;
const WAIT_MS = 8_000;
const PUSHES = '/api/web/gateway/api/notifications/push';

self.addEventListener('install', (event) => event.waitUntil(keep(OFFLINE)));

self.addEventListener('activate', (event) => {
  const wanted = new Set([PAGES, PICTURES, PARTS]);
  const old = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith('octavo-feed-') && !wanted.has(name)).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(old());
});

self.addEventListener('message', (event) => {
  if (event.data === 'take over') self.skipWaiting();
  // The page that was open before there was a worker.
  const path = event.data?.keep;
  if (typeof path === 'string' && isKept(path)) event.waitUntil(keep(path, event.data.language).catch(() => {}));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(event, url));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(part(request));
  else if (PICTURE.test(url.pathname)) event.respondWith(picture(request));
});

const isKept = (path) => path === '/feed' || POST.test(path);
const late = () => new Promise((_, fail) => setTimeout(() => fail(new Error('too late')), WAIT_MS));

async function page(event, url) {
  try {
    const answer = await Promise.race([fetch(event.request), late()]);
    if (answer.ok && !answer.redirected && isKept(url.pathname)) {
      const shown = answer.clone().text();
      event.waitUntil(shown.then((text) => keep(url.pathname, /<html lang="([a-z-]+)"/.exec(text)?.[1])).catch(() => {}));
    }
    // One that was taken back is not read any more, with a network or without.
    if (answer.status === 404) event.waitUntil(caches.open(PAGES).then((kept) => kept.delete(url.pathname, ANY)));
    return answer;
  } catch {
    const kept = await caches.match(url.pathname, { ...ANY, cacheName: PAGES });
    return kept ?? (await caches.match(OFFLINE, { ...ANY, cacheName: PARTS })) ?? Response.error();
  }
}

async function part(request) {
  // Hashed by name: what was kept under it is what it is, whichever build kept it.
  const kept = await caches.match(request, ANY);
  return kept ?? fetch(request);
}

async function picture(request) {
  const kept = await caches.match(request, { ...ANY, cacheName: PICTURES });
  if (!kept) return fetch(request);
  try {
    return await fetch(request);
  } catch {
    return kept;
  }
}

async function keep(path, language) {
  const headers = language ? { 'accept-language': language } : {};
  const answer = await fetch(path, { credentials: 'omit', headers, cache: 'no-store' });
  if (!answer.ok || answer.redirected) throw new Error(`${path} was answered ${answer.status}`);
  const text = await answer.clone().text();
  const [pages, pictures, parts] = await Promise.all([PAGES, PICTURES, PARTS].map((name) => caches.open(name)));
  await addMissing(parts, new Set(text.match(/\/assets\/[\w.-]+/g) ?? []));
  // The first of a post's own, not those of a whole list.
  const shown = [...new Set(text.match(/\/api\/feed\/posts\/[0-9a-f-]{36}\/pictures\/[1-6]\?v=[0-9a-f]+/g) ?? [])];
  await addMissing(pictures, new Set(shown.slice(0, 12)));
  // The page of last resort is a part of the app: it stays when what was read is forgotten.
  const place = path === OFFLINE ? parts : pages;
  await place.delete(path, ANY);
  await place.put(path, answer);
  await bound(pages, MOST_PAGES);
  await bound(pictures, MOST_PICTURES);
  await bound(parts, MOST_PARTS, OFFLINE);
}

async function addMissing(cache, paths) {
  await Promise.all(
    [...paths].map(async (path) => {
      if (await cache.match(path, ANY)) return;
      const answer = await fetch(path, { credentials: 'omit' });
      if (answer.ok) await cache.put(path, answer);
    }),
  );
}

// The oldest go first: a cache gives its keys in the order in which they were put.
async function bound(cache, most, never) {
  const keys = (await cache.keys()).filter((request) => new URL(request.url).pathname !== never);
  await Promise.all(keys.slice(0, Math.max(0, keys.length - most)).map((request) => cache.delete(request, ANY)));
}

// A browser asks that something is shown for each push, whatever is in it.
self.addEventListener('push', (event) => {
  let told = {};
  try {
    told = event.data.json() ?? {};
  } catch {
    // Nothing of ours.
  }
  const url = POST.test(told.url) ? told.url : '/feed';
  const shown = { body: String(told.title ?? ''), lang: told.language ?? '', tag: url, icon: self.ICON, data: { url } };
  event.waitUntil(self.registration.showNotification(String(told.author ?? 'Octavo'), shown));
});

self.addEventListener('notificationclick', (event) => {
  const { url } = event.notification.data;
  event.notification.close();
  event.waitUntil(bring(url));
});

async function bring(path) {
  const windows = await self.clients.matchAll({ type: 'window' });
  const there = windows.find(({ url }) => new URL(url).pathname === path);
  return there ? there.focus() : self.clients.openWindow(path);
}

// The push service has given this browser another address: the earlier one is forgotten when it answers that it is gone.
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(subscribeAgain(event)));

async function subscribeAgain({ newSubscription }) {
  let made = newSubscription;
  if (!made) {
    const answer = await fetch(PUSHES, { cache: 'no-store' });
    const { public_key: applicationServerKey } = await answer.json();
    made = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  }
  const { endpoint, keys: { p256dh, auth } } = made.toJSON();
  const body = JSON.stringify({ endpoint, keys: { p256dh, auth } });
  await fetch(PUSHES, { method: 'PUT', headers: { 'content-type': 'application/json' }, body });
}
