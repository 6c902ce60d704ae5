import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, launch } from 'puppeteer-core';
import { chromium, FLAGS } from './browser.ts';

/** Starts Chromium, to be driven; the caller closes it. */
export function launchBrowser(): Promise<Browser> {
  if (chromium === undefined) throw new Error('there is no Chromium');
  return launch({ executablePath: pathOf(chromium), args: [...FLAGS], headless: true });
}

/** Where the system finds a command. */
function pathOf(command: string): string {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, command));
  const found = places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`${command} is not on the PATH`);
  return found;
}
