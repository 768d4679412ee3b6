// The subjects a consumer filters by: valid, and none within another.

import { byteString } from "../../base/bytes.ts";
import { apiError } from "../../errors/api.ts";
import { isSubset } from "../../subject/subject.ts";
import { type ConsumerConfig, filtersOf } from "./consumer_config.ts";
import { invalidConfig } from "./stream_draft.ts";
import { isConfigSubject } from "./stream_subjects.ts";

export function checkFilters(config: ConsumerConfig): void {
  const { filter_subject: one, filter_subjects: several } = config;
  if (one !== "" && several.length > 0) throw apiError("consumerDuplicateFilterSubjects");
  if (several.includes("")) throw apiError("consumerEmptyFilter");
  const filters = filtersOf(config);
  const all = filters.map(byteString);
  for (const [at, filter] of filters.entries()) {
    if (!isConfigSubject(filter)) throw invalidConfig("invalid subject");
    if (all.some((other, where) => where !== at && isSubset(all[at]!, other))) {
      throw apiError("consumerOverlappingSubjectFilters");
    }
  }
}
