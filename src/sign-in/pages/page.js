// @ts-check
// The script of the server's pages: passkey ceremonies, forms that need no new page, and a few courtesies. Pages paint and explain themselves
// without it. It is sent without its comments (`assets.ts`), and builds no markup from strings, so Trusted Types have nothing to allow.

/** @type {import('./layout.ts').ScriptData} */
const data = JSON.parse(document.getElementById('data')?.textContent || '{}');
const words = data.words ?? {};
/** @type {typeof import('@simplewebauthn/browser') | undefined} */
const webauthn = /** @type {any} */ (globalThis).SimpleWebAuthnBrowser;
const note = document.getElementById('trouble');
const pocket = document.querySelector('.pocket');
const field = /** @type {HTMLInputElement | null} */ (document.querySelector('input[autocomplete$=webauthn]'));

/** What the server or the browser said no with: the name of a sentence in `words`, or the sentence itself. */
class Refusal extends Error {
  /** @param {string} word @param {{ sentence?: string, id?: string, expired?: boolean }} [more] */
  constructor(word, more = {}) {
    super(word);
    this.word = word;
    this.sentence = more.sentence;
    this.id = more.id ?? '';
    this.expired = more.expired ?? false;
  }
}

/** Server code → sentence. */
const CODES = /** @type {Record<string, string>} */ ({
  webauthn_authentication_failed: 'unknown',
  invalid_webauthn_response: 'unusable',
  passkey_user_verification_required: 'unverified',
  synced_passkey_not_allowed: 'synced',
  passkey_already_registered: 'exists',
  invalid_webauthn_session: 'expired',
  missing_session_id: 'expired',
  user_disabled: 'disabled',
  rate_limited: 'busy',
  not_signed_in: 'signedOut',
  reauthentication_required: 'signedOut',
  not_found: 'gone',
});

/** Nothing came of a passkey. Cancelled, timed out and "no passkey here" are one error on purpose: a page must not learn which passkeys exist. */
const NOTHING = data.make ? 'notCreated' : 'cancelled';

/** Browser error → sentence; what else browsers and password managers end a ceremony with never reached the server, so no reference finds it. */
const NAMES = /** @type {Record<string, string>} */ ({
  InvalidStateError: data.make ? 'exists' : NOTHING,
  SecurityError: 'address',
  ConstraintError: 'unsuitable',
  NotSupportedError: 'unsuitable',
});

/** @param {string} url @param {RequestInit} [init] @returns {Promise<any>} */
async function call(url, init = {}) {
  let response;
  try {
    response = await fetch(url, { ...init, headers: { accept: 'application/json', ...init.headers } });
  } catch {
    throw new Refusal('offline');
  }
  const body = await response.json().catch(() => undefined);
  if (response.ok && body) return body;
  // A gateway's own page, or half an answer: the server's errors all have a reference.
  if (!body?.request_id) throw new Refusal('offline');
  const head = String(body.request_id).replaceAll('-', '').slice(0, 8).toUpperCase();
  const problem = body.details?.problem;
  const word = words[problem] ? problem : (CODES[body.code] ?? 'failed');
  throw new Refusal(word, { sentence: body.sentence, id: `${head.slice(0, 4)}-${head.slice(4)}`, expired: word === 'expired' });
}

/** @param {unknown} cause */
function say(cause) {
  if (!note) return;
  const error = /** @type {any} */ (cause);
  const word = cause instanceof Refusal ? cause.word : (NAMES[error?.cause?.name ?? error?.name] ?? NOTHING);
  note.textContent = error?.sentence ?? (words[word] ?? words.failed ?? '').replace('{id}', error?.id ?? '');
  note.hidden = false;
  note.focus();
}

/**
 * The server's sentence is about what was typed: the field says so too, is where typing goes on, and nothing above it promises any more that it will work.
 * @param {HTMLFormElement} form
 */
function mark(form) {
  const input = /** @type {HTMLInputElement | null} */ (form.querySelector('input:not([type=hidden])'));
  input?.setAttribute('aria-invalid', 'true');
  input?.setAttribute('aria-describedby', 'trouble');
  input?.focus();
  input?.select();
  const [title, text] = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.pocket > header > *'));
  if (title && words.heading) title.textContent = words.heading;
  if (text && words.text) text.textContent = words.text;
}

/** @param {HTMLButtonElement | undefined} button @param {boolean} on @param {string} [text] */
function busy(button, on, text) {
  const label = button?.querySelector('span') ?? button;
  if (!button || !label) return;
  button.dataset.rest ??= label.textContent ?? '';
  label.textContent = on ? (text ?? button.dataset.rest) : button.dataset.rest;
  button.ariaDisabled = on ? 'true' : null;
}

/**
 * An app of the device opens beside this page, and many browsers let it for a press only, which was too long ago when the passkey took its time: the button
 * leads there.
 * @param {string} next @param {HTMLButtonElement} [button]
 */
function leave(next, button) {
  pocket?.classList.add('done');
  location.replace(next);
  if (!button || /^http/.test(new URL(next, location.href).protocol)) return;
  busy(button, true, words.onward);
  button.ariaDisabled = null;
  const open = (/** @type {Event} */ event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    location.assign(next);
  };
  button.addEventListener('click', open, { capture: true });
}

// The page brings its options along, so that a click needs one round trip. They go stale with time and are used up by an answer.
let options = data.options;
const later = () => Date.now() + ((data.seconds ?? 0) - 5) * 1000;
let until = later();

async function freshOptions() {
  if (!options || Date.now() > until) {
    options = await call(data.start ?? '');
    until = later();
  }
  return /** @type {any} */ (options);
}

/** A passkey was asked for by a button. */
let working = false;
/** Something is on its way to the server: a second press, of this button or another, would answer the same question twice. */
let sending = false;
const moment = document.body.dataset.moment;

/** @param {{ button?: HTMLButtonElement, hint?: string, again?: boolean }} how Without a button it is the browser's autofill that asks. */
async function ceremony({ button, hint, again = false }) {
  if (!webauthn || sending || (working && !again)) return;
  working = Boolean(button);
  if (note && button) note.hidden = true;
  busy(button, true, words.waiting);
  let sent = false;
  try {
    const optionsJSON = { ...(await freshOptions()), ...(hint ? { hints: [hint] } : {}) };
    const response = data.make
      ? await webauthn.startRegistration({ optionsJSON })
      : await webauthn.startAuthentication({ optionsJSON, useBrowserAutofill: !button });
    options = undefined;
    // A form was sent while the device was asking: what that says counts. Should nothing come of it, the passkey can be asked for again.
    if (sending) {
      working = false;
      return busy(button, false);
    }
    sent = sending = true;
    busy(button, true, words.done);
    const { next } = await call(data.finish ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...data.extra, response }),
    });
    leave(next, button);
  } catch (cause) {
    if (sent) sending = false;
    // Nobody has chosen anything in the name field: what keeps it from offering passkeys is tried again later, and no news.
    if (!button && !sent) return;
    if (cause instanceof Refusal && cause.word === 'signedOut') blocked = 'signedOut';
    if (button && cause instanceof Refusal && cause.expired && !again) return ceremony({ button, hint, again: true });
    busy(button, false);
    working = false;
    say(cause);
    autofill();
  }
}

function hideField() {
  if (field?.form) field.form.hidden = true;
}

/** Offers passkeys in the name field, as long as nothing else is going on; a browser that can't do that doesn't need the field. */
async function autofill() {
  if (!field || !webauthn || working) return;
  if (await webauthn.browserSupportsWebAuthnAutofill()) return ceremony({});
  hideField();
}

/** Why no ceremony can work here, as the name of a sentence. */
function obstacle() {
  // Whatever is answered, nobody would be signed in.
  if (words.cookies && !navigator.cookieEnabled) return 'cookies';
  if (!data.finish) return undefined;
  if (!isSecureContext) return 'insecure';
  // It did not arrive, which says nothing about the browser.
  if (!webauthn) return 'offline';
  return webauthn.browserSupportsWebAuthn() ? undefined : 'unsupported';
}

let blocked = obstacle();
if (blocked) say(new Refusal(blocked));
for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('button[data-passkey]'))) {
  // What can't work here is not there to be pressed; what didn't load may load the next time, and who was signed out can sign in again.
  button.hidden = blocked !== undefined && blocked !== 'offline';
  button.removeAttribute('popovertarget');
  button.addEventListener('click', () => (blocked ? location.reload() : ceremony({ button, hint: button.dataset.passkey })));
}
if (blocked) hideField();
// The page paints before its script is there: a press that came too early for it counts now (`passkeyButton`). Older browsers have no popovers.
else if ('popover' in HTMLElement.prototype && document.querySelector('#pressed:popover-open'))
  /** @type {HTMLElement | null} */ (document.querySelector('button[data-passkey]'))?.click();
if (!blocked && field) {
  autofill();
  setInterval(() => Date.now() > until && document.hasFocus() && autofill(), 10_000);
  field.form?.addEventListener('submit', (event) => {
    event.preventDefault();
    document.querySelector('button')?.click();
  });
}

// Sent without a new page: a redirect to an application after a form is held to this page's `form-action`, a navigation by script is not.
for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-send]'))) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = event.submitter instanceof HTMLButtonElement ? event.submitter : undefined;
    if (sending) return;
    // A code would be used up for nothing.
    if (blocked === 'cookies') return say(new Refusal(blocked));
    sending = true;
    if (note) note.hidden = true;
    busy(button, true, moment);
    try {
      const { next } = await call(form.action, { method: 'POST', body: new URLSearchParams(/** @type {any} */ (new FormData(form))) });
      leave(next, button);
    } catch (cause) {
      sending = working = false;
      busy(button, false);
      say(cause);
      if (cause instanceof Refusal && cause.sentence) mark(form);
    }
  });
}

// Every other form is sent once, however often it is pressed: the second of two new accounts would be told that its name is taken. A form whose way was
// stopped may be sent again.
addEventListener('submit', (event) => {
  if (event.defaultPrevented) return;
  if (sending) return event.preventDefault();
  const button = event.submitter instanceof HTMLButtonElement ? event.submitter : undefined;
  sending = true;
  busy(button, true, moment);
  setTimeout(() => {
    sending = false;
    busy(button, false);
  }, 10_000);
});

/** Why a wait ended without a sign-in, as its page names it. */
const OVER = /** @type {Record<string, string>} */ ({ device_login_denied: 'denied', user_disabled: 'disabled' });

/**
 * Asks until another device has let this browser in: the server keeps the question as long as it can. A lost connection or a busy server is no answer.
 * @param {NonNullable<import('./layout.ts').ScriptData['wait']>} asked
 */
async function wait({ url, seconds, next, over }) {
  const end = Date.now() + seconds * 1000;
  const clock = document.querySelector('[data-left]');
  const left = () => Math.max(0, Math.ceil((end - Date.now()) / 1000));
  setInterval(() => {
    if (clock) clock.textContent = `${Math.floor(left() / 60)}:${String(left() % 60).padStart(2, '0')}`;
  }, 1000);
  for (;;) {
    const init = { method: 'POST', headers: { accept: 'application/json', 'content-type': 'application/json' }, body: '{}' };
    const response = await fetch(url, init).catch(() => undefined);
    if (response?.status === 200) return leave(next);
    if (response?.status === 401 || response?.status === 403) {
      const { code } = await response.json().catch(() => ({}));
      return location.replace(over + (OVER[code] ?? 'expired'));
    }
    if (left() === 0) return location.replace(`${over}expired`);
    const waited = response?.status === 202 && !response.headers.has('retry-after');
    if (!waited) await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}
if (data.wait) wait(data.wait);

// A form that went on to another place than its page's policy allows.
addEventListener('securitypolicyviolation', (event) => {
  const instead = /** @type {HTMLElement | null} */ (document.querySelector('[data-stopped]'));
  if (event.effectiveDirective !== 'form-action' || !words.stopped) return;
  const over = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('form[data-now], .pocket > header > p'));
  for (const element of over) element.hidden = true;
  if (instead) instead.hidden = false;
  say(new Refusal('stopped'));
});

if (data.forget) history.replaceState(null, '', data.forget);
// As if its button had been pressed, so that pressing it meanwhile does not post a code twice.
const now = /** @type {HTMLFormElement | null} */ (document.querySelector('form[data-now]'));
now?.requestSubmit(now.querySelector('button'));

const logo = /** @type {HTMLImageElement | null} */ (document.querySelector('.tucked img'));
const noLogo = () => {
  const card = logo?.previousElementSibling;
  if (card) card.textContent = logo?.dataset.initial ?? '';
  logo?.remove();
};
logo?.addEventListener('error', noLogo);
if (logo?.complete && !logo.naturalWidth) noLogo();

// A page brought back by the back button holds options that were used and a person who may be gone.
addEventListener('pageshow', (event) => event.persisted && location.reload());

const slips = /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll('details[name=slip]'));
addEventListener('click', (event) => {
  for (const slip of slips) if (!slip.contains(/** @type {Node} */ (event.target))) slip.open = false;
});
addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const slip of slips) {
    if (slip.open) slip.querySelector('summary')?.focus();
    slip.open = false;
  }
});
