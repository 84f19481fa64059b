import type { FetchRequest, HttpSource, Page, Provider, ProviderContext } from "./provider.ts";

/** What to ask after a page. A page that cannot be read is the last one, its normaliser says why; so is one that names itself. */
export function nextPage(provider: Provider, page: Page, request: FetchRequest, context: ProviderContext): HttpSource | undefined {
  try {
    const next = provider.next?.(page, request, context);
    return next === undefined || next.url === page.source.url ? undefined : next;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
