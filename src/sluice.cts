#!/usr/bin/env node
// CommonJS on purpose: the size of the thread pool must be set before anything uses it, and loading an ES module already does. Each
// running statement of the embedded engine holds a thread; file and compression work needs others.
process.env['UV_THREADPOOL_SIZE'] ??= '12';
void import('./main.ts');
