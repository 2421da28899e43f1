// The few texts of labs and lessons that the first page has.
import { defineMessages } from '../../i18n/messages.ts';

export const titles = defineMessages({
  en: { labs: 'Labs', lesson: 'Lesson' },
  zh: { labs: '实验', lesson: '课程' },
});
