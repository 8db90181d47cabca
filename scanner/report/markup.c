#include "report/format.h"

void report_add_markup(struct buffer *buffer, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			buffer_add_string(buffer, "&amp;");
			break;
		case '<':
			buffer_add_string(buffer, "&lt;");
			break;
		case '>':
			buffer_add_string(buffer, "&gt;");
			break;
		case '"':
			buffer_add_string(buffer, "&quot;");
			break;
		case '\'':
			buffer_add_string(buffer, "&#39;");
			break;
		case '\xef': /* U+FFFE and U+FFFF are no characters of XML 1.0 */
			if (text[1] == '\xbf' && (text[2] == '\xbe' || text[2] == '\xbf')) {
				buffer_add_string(buffer, "\xef\xbf\xbd"); /* U+FFFD */
				text += 2;
				break;
			}
			/* fall through */
		default:
			buffer_add_char(buffer, *text);
		}
	}
}
