// Bundles the pages' scripts and styles, picks the icons, and writes what it made, by hashed names, with a list of them
// (manifest.json), into the folder given. The folder is replaced whole, so a page never finds half of a build.
//
//   node build.mjs FOLDER

import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';

const SCRIPT_LIMIT = 120_000;
const ICONS = [
  'bell', 'blocks', 'book-open', 'bookmark', 'camera', 'check', 'clapperboard', 'coffee', 'copy', 'download', 'flag', 'gauge', 'heart', 'history',
  'image', 'key-round', 'languages', 'list', 'loader-circle', 'log-in', 'log-out', 'mail', 'message-circle', 'moon', 'newspaper', 'pause',
  'pen-line', 'pencil', 'plus', 'rocket', 'rotate-ccw', 'scan-eye', 'scroll-text', 'search', 'share-2', 'shield', 'sliders-horizontal',
  'sparkles', 'sun', 'trash-2', 'triangle-alert', 'upload', 'user', 'user-plus', 'users', 'x',
];

const folder = process.argv[2];
const making = `${folder}.making`;
await rm(making, { recursive: true, force: true });
await mkdir(making, { recursive: true });
const manifest = {};

const made = await build({
  entryPoints: [{ in: 'src/app.js', out: 'app' }, { in: 'src/app.css', out: 'app' }],
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022'],
  outdir: making,
  entryNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.woff2': 'file' },
  // The licences of what is bundled ask for their notices.
  legalComments: 'inline',
  metafile: true,
  logLevel: 'warning',
});
let scripts = 0;
for (const [path, output] of Object.entries(made.metafile.outputs)) {
  const name = basename(path);
  if (output.entryPoint) manifest[`app${extname(name)}`] = name;
  if (/^figtree-latin-wght-normal/.test(name)) manifest['sans.woff2'] = name;
  if (extname(name) === '.js') scripts += gzipSync(await readFile(path)).length;
}
const worker = (await transform(await readFile('src/worker.js', 'utf8'), { minify: true, target: 'es2022' })).code;
scripts += gzipSync(worker).length;
if (scripts > SCRIPT_LIMIT) throw new Error(`${scripts} bytes of scripts, packed; ${SCRIPT_LIMIT} are allowed`);
if (!manifest['sans.woff2']) throw new Error('the typeface is not where it was');

async function keep(name, text) {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const file = `${basename(name, extname(name))}-${hash}${extname(name)}`;
  await writeFile(join(making, file), text);
  manifest[name] = file;
}

const inner = (svg) => svg.replace(/<!--[\s\S]*?-->/g, '').replace(/^[\s\S]*?<svg[^>]*>/, '').replace(/<\/svg>\s*$/, '').replace(/\s+/g, ' ').trim();
const symbols = await Promise.all(
  ICONS.map(async (name) => `<symbol id="i-${name}" viewBox="0 0 24 24">${inner(await readFile(`node_modules/lucide-static/icons/${name}.svg`, 'utf8'))}</symbol>`),
);
const mark = await readFile('src/mark.svg', 'utf8');
symbols.push(`<symbol id="i-octavo" viewBox="0 0 32 32">${inner(mark)}</symbol>`);
await keep('icons.svg', `<svg class="sprite" aria-hidden="true" xmlns="http://www.w3.org/2000/svg">${symbols.join('')}</svg>`);
await keep('mark.svg', mark);
await keep('worker.js', worker);
for (const name of ['icon-192.png', 'icon-512.png', 'icon-maskable.png']) await keep(name, await readFile(`src/${name}`));

await writeFile(join(making, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
await rm(folder, { recursive: true, force: true });
await rename(making, folder);
console.log(`${(await readdir(folder)).length} files, ${(scripts / 1000).toFixed(1)} kB of scripts, packed`);
