import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Types are stripped and code is compiled once, not at every start. In our own folder: whoever can write there can change the program anyway.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compiled'));
const { run } = await import('./cli/program.ts');
await run(process.argv);
