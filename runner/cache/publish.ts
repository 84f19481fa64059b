export async function publishLatest(..._a: unknown[]): Promise<number> { return 0; }
