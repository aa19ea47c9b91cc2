// Keeps the page's files as one set, so that it opens in a dead spot. Data are not its business: the page keeps them.
// The server puts VERSION and FILES before this.

const CACHE = `hall ${VERSION}`;
const LATER = "hall decoder"; // loaded when first used, and kept across versions: its files have their version in the name

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "no-cache" })))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("hall ") && name !== CACHE && name !== LATER) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === "/count/") event.respondWith(kept("/count/", request));
  else if (FILES.includes(url.pathname)) event.respondWith(kept(url.pathname, request));
  else if (url.pathname.startsWith("/static/hall/vendor/")) event.respondWith(keptOnceSeen(url.pathname, request));
});

async function kept(path, request) {
  return (await (await caches.open(CACHE)).match(path)) || fetch(request);
}

async function keptOnceSeen(path, request) {
  const cache = await caches.open(LATER);
  const found = await cache.match(path);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) {
    const whole = answer.clone();
    await keepOnly(cache, path, whole).catch(() => null); // the storage is full: the camera works, and loads it again next time
  }
  return answer;
}

async function keepOnly(cache, path, answer) {
  for (const other of await cache.keys()) if (!new URL(other.url).pathname.startsWith(folderOf(path))) await cache.delete(other);
  await cache.put(path, answer);
}

/** /static/hall/vendor/NAME-VERSION/ */
function folderOf(path) {
  return path.split("/").slice(0, 5).join("/") + "/";
}
