/** Something that is not as it was sealed; `lineage.audit_finding`. */
export interface AuditFinding {
  readonly kind: "changed" | "deleted" | "inserted" | "backdated" | "chain" | "truncated" | "rewritten" | "unreadable";
  readonly block_no: number | null;
  readonly stream: string | null;
  readonly key: Readonly<Record<string, unknown>> | null;
  readonly message: string;
}
