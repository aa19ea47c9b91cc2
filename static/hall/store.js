// What this device keeps: entries until the server has them, and copies of what it said, for dead spots.
// Where the browser refuses to keep anything, it is held in memory and `isKept()` says so.

const NAME = "shelfwise";
const VERSION = 1;
const STORES = ["entries", "copies", "notes"];
const PATIENCE = 3_000; // milliseconds: some browsers hang instead of refusing

let opened = null;
let memory = null;
let refusal = "";

function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function openDatabase() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const base = request.result;
      base.createObjectStore("entries", { keyPath: "seq", autoIncrement: true }).createIndex("uuid", "uuid", { unique: true });
      base.createObjectStore("copies", { keyPath: "path" });
      base.createObjectStore("notes", { keyPath: "name" });
    };
    request.onsuccess = () => {
      request.result.onclose = () => (opened = null); // the browser took it away: open it again at the next use
      request.result.onversionchange = () => { request.result.close(); opened = null; };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

/** Try it before anything is counted: a private window may take a database and refuse to write to it. */
export async function prepare() {
  try {
    const tried = put("notes", { name: "probe", at: Date.now() }).then(() => get("notes", "probe"));
    const silence = new Promise((_, reject) => setTimeout(() => reject({ name: "no answer" }), PATIENCE));
    if (!(await Promise.race([tried, silence]))) throw new Error("nothing was kept");
    if (navigator.storage && navigator.storage.persist) navigator.storage.persist().catch(() => false);
  } catch (error) {
    useMemory(error);
  }
}

function useMemory(error) {
  if (memory) return;
  memory = Object.fromEntries(STORES.map((name) => [name, new Map()]));
  refusal = String((error && error.name) || error);
}

export function isKept() {
  return memory === null;
}

export function whyNotKept() {
  return refusal;
}

/** Run `work(objectStore)` in one transaction; resolved when the disk has it. */
async function within(store, mode, work) {
  if (memory) return work(null);
  opened = opened || openDatabase();
  let base;
  try {
    base = await opened;
  } catch (error) {
    opened = null;
    throw error;
  }
  return new Promise((resolve, reject) => {
    let found;
    const transaction = base.transaction(store, mode, mode === "readwrite" ? { durability: "strict" } : undefined);
    transaction.oncomplete = () => resolve(found);
    transaction.onabort = transaction.onerror = () => reject(transaction.error || new Error("not kept"));
    Promise.resolve(work(transaction.objectStore(store))).then((result) => (found = result), reject);
  });
}

const keyOf = { entries: "seq", copies: "path", notes: "name" };
let nextInMemory = 1;

export function get(store, key) {
  return within(store, "readonly", (rows) => (rows ? asked(rows.get(key)) : memory[store].get(key)));
}

export function all(store) {
  return within(store, "readonly", (rows) => (rows ? asked(rows.getAll()) : [...memory[store].values()]));
}

function remember(store, row) {
  memory[store].set(row[keyOf[store]], row);
  return row[keyOf[store]];
}

/** Writes the row; a new entry gets its number, which is returned. */
export async function put(store, row) {
  if (memory && row[keyOf[store]] === undefined) row[keyOf[store]] = nextInMemory++;
  const key = await within(store, "readwrite", (rows) => (rows ? asked(rows.put(row)) : remember(store, row)));
  row[keyOf[store]] = key;
  return key;
}

/** Change a row in one transaction, so that two tabs don't undo each other; `edit` gets it and returns it, or null to delete. */
export function change(store, key, edit) {
  return within(store, "readwrite", async (rows) => {
    const row = rows ? await asked(rows.get(key)) : memory[store].get(key);
    if (row === undefined) return undefined;
    const edited = edit(row);
    if (edited === null) rows ? await asked(rows.delete(key)) : memory[store].delete(key);
    else rows ? await asked(rows.put(edited)) : memory[store].set(key, edited);
    return edited;
  });
}

export function remove(store, key) {
  return within(store, "readwrite", (rows) => (rows ? asked(rows.delete(key)) : memory[store].delete(key)));
}

export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID(); // missing at insecure addresses
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
