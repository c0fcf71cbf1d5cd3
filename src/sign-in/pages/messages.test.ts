import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { IntlMessageFormat } from 'intl-messageformat';
import { acceptedLanguage, isolated, LANGUAGES, languageFor, translator } from './messages.ts';

const read = (language: string): Record<string, string> =>
  JSON.parse(readFileSync(new URL(`../../../messages/${language}.json`, import.meta.url), 'utf8'));
const english = read('en');
const { getAst } = IntlMessageFormat.prototype;

/** Names of arguments and tags, however deep. */
function placeholders(text: string, language: string): string[] {
  const found = new Set<string>();
  const walk = (nodes: ReturnType<typeof getAst>): void => {
    for (const node of nodes) {
      if ('options' in node) for (const option of Object.values(node.options)) walk(option.value);
      if ('children' in node) walk(node.children);
      if (node.type !== 0 && node.type !== 7) found.add(`${node.type === 8 ? '<' : ''}${node.value}`);
    }
  };
  walk(new IntlMessageFormat(text, language).getAst());
  return [...found].sort();
}

for (const language of LANGUAGES) {
  test(`every sentence is there in ${language}, with the same places to fill in`, () => {
    const sentences = read(language);
    assert.deepEqual(Object.keys(sentences).sort(), Object.keys(english).sort());
    for (const [key, text] of Object.entries(sentences)) {
      assert.notEqual(text.trim(), '', key);
      assert.deepEqual(placeholders(text, language), placeholders(english[key]!, 'en'), `${language}: ${key}`);
    }
  });
}

test('no sentence is kept that no page says', () => {
  const code = globSync('src/sign-in/**/*.ts', { cwd: new URL('../../..', import.meta.url) })
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'))
    .join('\n');
  const said = new Set([...code.matchAll(/'([a-zA-Z]+(?:\.[\w]+)+)'/g)].map(([, key]) => key));
  // Composed keys: `help.${which}.answer` says every key of that form.
  const composed = [...code.matchAll(/`([\w.]*(?:\$\{\w+\}[\w.]*)+)`/g)]
    .map(([, template]) => template!)
    .filter((template) => template.replace(/\$\{\w+\}/g, '').includes('.'))
    .map(
      (template) =>
        new RegExp(
          `^${template
            .replaceAll('.', '\\.')
            .replace(/\$\{named\}/g, '(?:\\.app)?')
            .replace(/\$\{\w+\}/g, '[\\w.]+')}$`,
        ),
    );
  const silent = Object.keys(english).filter((key) => !said.has(key) && !composed.some((pattern) => pattern.test(key)));
  assert.deepEqual(silent, []);
});

test('names are filled in as they are, and markup in them stays text', () => {
  const t = translator('en');
  const name = `<b>{client}</b> & "Söhne"`;
  assert.equal(t('signIn.heading.app', { client: name }), `Sign in to ${name}`);
  assert.equal(
    String(t.rich('refused.ask', { name: '<img src=x>{0}' })),
    'Ask <strong>&lt;img src=x&gt;{0}</strong>, who runs this site, to let you in, and try again: nothing has to be set up anew on your side.',
  );
});

test('lists and times are said in the language', () => {
  const t = translator('de');
  assert.equal(String(t.list(['Admin', 'Familia'], 'disjunction')), '<strong>Admin</strong> oder <strong>Familia</strong>');
  const said = String(t.ago(1_790_000_000 - 7300, 1_790_000_000));
  assert.match(said, /^<time datetime="2026-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z" title="[^"]+ UTC">vor 2 Stunden<\/time>$/);
  assert.match(String(t.ago(1_790_000_000 - 59, 1_790_000_000)), />gerade eben<\/time>$/);
  assert.match(String(t.ago(1_790_000_000 + 5, 1_790_000_000)), />gerade eben<\/time>$/);
  assert.match(String(t.ago(1_790_000_000 - 60, 1_790_000_000)), />vor 1 Minute<\/time>$/);
});

test('a language is chosen by its primary tag, and by what a browser wants most', () => {
  assert.equal(languageFor('de-AT'), 'de');
  assert.equal(languageFor('ES_mx'.replace('_', '-')), 'es');
  assert.equal(languageFor('fr'), undefined);
  assert.equal(languageFor('__proto__'), undefined);
  assert.equal(acceptedLanguage('fr-CH, es;q=0.4, de;q=0.9, en;q=0.5'), 'de');
  assert.equal(acceptedLanguage('de;q=0, *;q=0.1'), undefined);
  assert.equal(acceptedLanguage(undefined), undefined);
});

test('a name written from right to left keeps to its own place in a sentence, and no other text is touched', async () => {
  const t = translator('en');
  assert.equal(t('signIn.heading.app', { client: 'מסמכים (בטא)' }), 'Sign in to \u2068מסמכים (בטא)\u2069');
  assert.equal(t('signIn.heading.app', { client: 'Élan & 文書' }), 'Sign in to Élan & 文書');
  assert.equal(String(await t.list(['عائلة', 'Admin'], 'disjunction')), '<strong>\u2068عائلة\u2069</strong> or <strong>Admin</strong>');
  assert.equal(isolated(7), 7);
});
