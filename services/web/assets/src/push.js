// Pushes of new posts to this browser, for who wants them: asked for by a press, and never before.

import { toast, word } from './words.js';

const API = '/api/web/gateway/api/notifications/push';

export function preparePush(root) {
  for (const button of root.querySelectorAll('[data-push]:not([data-ready])')) {
    // Until it is known how it is, and where there is no push at all, nobody sees it.
    if ('PushManager' in window && 'Notification' in window && navigator.serviceWorker) show(button).catch(() => {});
  }
}

async function show(button) {
  say(button, Boolean(await mine()));
  button.dataset.ready = '';
  button.onclick = async () => {
    if (button.dataset.busy) return;
    button.dataset.busy = 'on';
    try {
      say(button, await (button.getAttribute('aria-pressed') === 'true' ? turnOff() : turnOn()));
    } catch {
      toast(word('away'));
    } finally {
      delete button.dataset.busy;
    }
  };
}

const say = (button, on) => button.setAttribute('aria-pressed', String(on));

// What the person's own list has of this browser: it may have been another's, who logged in here before.
async function mine() {
  const { pushManager } = await navigator.serviceWorker.ready;
  const kept = await pushManager.getSubscription();
  return kept && (await ask()).items.find(({ endpoint }) => endpoint === kept.endpoint);
}

async function turnOn() {
  if ((await Notification.requestPermission()) !== 'granted') {
    toast(word('not_told'));
    return false;
  }
  const { pushManager } = await navigator.serviceWorker.ready;
  // One of another person, or for a key that was.
  await (await pushManager.getSubscription())?.unsubscribe();
  const { public_key: applicationServerKey } = await ask();
  let made;
  try {
    made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  } catch {
    // The browser's maker runs it, and it is not everywhere to be reached.
    toast(word('push_failed'));
    return false;
  }
  const { endpoint, keys: { p256dh, auth } } = made.toJSON();
  await ask('', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ endpoint, keys: { p256dh, auth } }) });
  toast(word('push_on'));
  return true;
}

async function turnOff() {
  const known = await mine();
  if (known) await ask(`/${known.id}`, { method: 'DELETE' });
  await forgetPush();
  toast(word('push_off'));
  return false;
}

// The push service then says that it is gone, and with the next post it is forgotten everywhere.
export async function forgetPush() {
  const registration = await navigator.serviceWorker?.getRegistration('/feed');
  await (await registration?.pushManager?.getSubscription())?.unsubscribe();
}

async function ask(path = '', request = {}) {
  const answer = await fetch(API + path, { cache: 'no-store', ...request });
  if (!answer.ok) throw new Error(`push was answered ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
}
