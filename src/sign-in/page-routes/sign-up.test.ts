import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browser } from '../../testing/browser.ts';
import { person } from '../../testing/people.ts';
import { type World, world } from '../../testing/world.ts';

const html = { accept: 'text/html' };
const ELA = { username: 'ela', email: 'ela@example.test', firstName: 'Ela', lastName: '' };
const mode = async (w: World, allowUserSignups: string) =>
  assert.equal((await w.api('PUT', '/api/application-configuration', { allowUserSignups })).status, 200);
const newToken = async (w: World) => {
  const { body } = await w.api('POST', '/api/signup-tokens', { ttl: '1h', usageLimit: 1 });
  return (body as { token: string }).token;
};
/** Somebody is here, so that the set-up is over. */
async function inhabited(t: Parameters<typeof world>[0]) {
  const w = await world(t);
  await person(w, { username: 'ann' });
  return w;
}

test('an invitation’s link leads to the form, the form to an account and its passkey', async (t) => {
  const w = await inhabited(t);
  const token = await newToken(w);
  const ela = browser(w);
  const link = (await ela.visit(`/st/${token}`)).headers.get('location') ?? '';
  assert.equal(link, `/signup?token=${token}`);
  assert.match(await (await ela.visit(link)).text(), new RegExp(`name="token" value="${token}"`));
  const done = await ela.visit('/signup', { form: { ...ELA, token, redirect: '/logout' } });
  assert.deepEqual([done.status, done.headers.get('location')], [303, '/signup/add-passkey?redirect=%2Flogout']);
  assert.equal((await ela.visit('/signup')).headers.get('location'), '/account');
  const late = await browser(w).visit(link, { headers: html });
  assert.deepEqual([late.status, /doesn’t work any more/.test(await late.text())], [401, true]);
});

test('what is wrong stands beside its field, and what was typed stays', async (t) => {
  const w = await inhabited(t);
  const token = await newToken(w);
  const wrong = async (change: Record<string, string>) => {
    const answer = await browser(w).visit('/signup', { form: { ...ELA, token, ...change }, headers: html });
    assert.equal(answer.status, 400);
    return answer.text();
  };
  const taken = await wrong({ username: 'ANN' });
  assert.match(taken, /id="username-wrong">Somebody here has this name/);
  assert.match(taken, /name="firstName" value="Ela"/);
  assert.match(await wrong({ email: 'ann@example.test' }), /id="email-wrong">This address belongs/);
  assert.match(await wrong({ email: '' }), /id="email-wrong">An e-mail address is needed/);
  for (const firstName of ['', '   ', '\u3164'])
    assert.match(await wrong({ firstName }), /id="firstName-wrong">Please say what we may call you/);
  assert.match(await wrong({ lastName: '\u3164' }), /id="lastName-wrong"/);
  const shapes = await wrong({ username: '-', email: 'nope' });
  assert.match(shapes, /id="username-wrong"/);
  assert.match(shapes, /id="email-wrong"/);
  assert.equal((await browser(w).visit('/signup', { form: { ...ELA, token } })).status, 303);
});

test('without an invitation the page says what the configuration allows, and so does the form', async (t) => {
  const w = await inhabited(t);
  const visit = async () => (await browser(w).visit('/signup', { headers: html })).text();
  const loginLeads = async () => /href="\/signup"/.test(await (await browser(w).visit('/login')).text());
  await mode(w, 'disabled');
  assert.match(await visit(), /New accounts are made for you here/);
  const refused = await browser(w).visit('/signup', { form: ELA, headers: html });
  assert.deepEqual([refused.status, /New accounts are made/.test(await refused.text())], [403, true]);
  assert.equal(await loginLeads(), false);
  await mode(w, 'withToken');
  assert.match(await visit(), /Do you have an invitation/);
  assert.equal(await loginLeads(), false);
  await mode(w, 'open');
  assert.match(await visit(), /Welcome to/);
  assert.equal(await loginLeads(), true);
  assert.equal((await browser(w).visit('/signup', { form: ELA })).status, 303);
});
