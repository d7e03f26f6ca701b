// The page's words in its language, as the server gave them.

const said = document.querySelector('meta[name="octavo-words"]')?.content;
const words = said ? JSON.parse(said) : {};

export const word = (key, value = '') => (words[key] ?? key).replace('%s', value);

export function toast(text) {
  const place = document.getElementById('toasts');
  if (!place) return;
  const note = document.createElement('p');
  note.className = 'toast';
  note.textContent = text;
  place.append(note);
  setTimeout(() => note.remove(), 4000);
}
