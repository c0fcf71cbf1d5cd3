import manifest from '../../package.json' with { type: 'json' };

/** The program's version, as in package.json: at least 3.0.0, so that clients of Pocket ID take the newer form of its API. */
export const VERSION: string = manifest.version;
