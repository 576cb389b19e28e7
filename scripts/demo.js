/** `npm run demo`: installs what a fresh checkout lacks, then `andon demo` with the same arguments, in this very process. */
await import('./setup.js');
process.argv.splice(2, 0, 'demo');
await import('./andon.js');

export {};
