/* `show schema json` (management manual, section 9.3): what the JSON forms of `show info` and `show stat` look
 * like, as HAProxy 2.6 describes it. Any thread. */
#include "runtime/stats/stats_rows.h"

#define REF(name) "{\"$ref\":\"#/definitions/" name "\"}"
#define INTEGER_FROM(least) "{\"type\":\"integer\",\"minimum\":" least "}"

static void put_enum(struct out *o, const char *key, const char *values)
{
	out_printf(o, "\"%s\":{\"type\":\"string\",\"enum\":[%s]}", key, values);
}

/* One array of items: of `show info`, or with what `show stat` has besides. */
static void put_items(struct out *o, bool stat)
{
	out_printf(o,
		   "{\"title\":\"%s\",\"type\":\"array\",\"items\":{\"title\":\"InfoItem\",\"type\":\"object\","
		   "\"properties\":{",
		   stat ? "Stat" : "Info");
	if (stat)
		out_puts(
			o,
			"\"objType\":{\"enum\":[\"Frontend\",\"Backend\",\"Listener\",\"Server\",\"Unknown\"]},"
			"\"proxyId\":" INTEGER_FROM("0") ",\"id\":" INTEGER_FROM("0") ",");
	out_puts(o,
		 "\"field\":" REF("field") ",\"processNum\":" REF("processNum") ",\"tags\":" REF("tags") ",");
	out_printf(
		o,
		"\"%s\":" REF("typedValue") "},\"required\":[%s\"field\",\"processNum\",\"tags\",\"value\"]}}",
		stat ? "typedValue" : "value", stat ? "\"objType\",\"proxyId\",\"id\"," : "");
}

static void put_value(struct out *o, const char *type, const char *bounds)
{
	out_printf(
		o,
		"\"%sValue\":{\"properties\":{\"type\":{\"type\":\"string\",\"enum\":[\"%s\"]},\"value\":{%s}},"
		"\"required\":[\"type\",\"value\"]},",
		type, type, bounds);
}

static void put_typed_value(struct out *o)
{
	static const char *const types[][2] = {
		{"s32", "\"type\":\"integer\",\"minimum\":-2147483648,\"maximum\":2147483647"},
		{"s64", "\"type\":\"integer\",\"minimum\":-9007199254740991,\"maximum\":9007199254740991"},
		{"u32", "\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295"},
		{"u64", "\"type\":\"integer\",\"minimum\":0,\"maximum\":9007199254740991"},
		{"str", "\"type\":\"string\""}};
	size_t n = sizeof(types) / sizeof(*types);

	out_puts(o, "\"typedValue\":{\"type\":\"object\",\"oneOf\":[");
	for (size_t i = 0; i < n; i++)
		out_printf(o, "%s{\"$ref\":\"#/definitions/typedValue/definitions/%sValue\"}", i ? "," : "",
			   types[i][0]);
	out_puts(o, "],\"definitions\":{");
	for (size_t i = 0; i < n; i++)
		put_value(o, types[i][0], types[i][1]);
	out_puts(o, "\"unknownValue\":{\"properties\":{\"type\":" INTEGER_FROM(
			    "0") ","
				 "\"value\":{\"type\":\"string\",\"enum\":[\"unknown\"]}},\"required\":["
				 "\"type\",\"value\"]}}}");
}

void stats_schema(struct out *o)
{
	out_puts(o, "{\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"oneOf\":[");
	put_items(o, false);
	out_char(o, ',');
	put_items(o, true);
	out_puts(
		o,
		",{\"title\":\"Error\",\"type\":\"object\",\"properties\":{\"errorStr\":{\"type\":\"string\"}},"
		"\"required\":[\"errorStr\"]}],\"definitions\":{\"field\":{\"type\":\"object\","
		"\"pos\":" INTEGER_FROM("0") ",\"name\":{\"type\":\"string\"},\"required\":[\"pos\",\"name\"]},"
					     "\"processNum\":" INTEGER_FROM(
						     "1") ",\"tags\":{\"type\":\"object\",");
	put_enum(o, "origin", "\"Metric\",\"Status\",\"Key\",\"Config\",\"Product\",\"Unknown\"");
	out_char(o, ',');
	put_enum(o, "nature",
		 "\"Gauge\",\"Limit\",\"Min\",\"Max\",\"Rate\",\"Counter\",\"Duration\",\"Age\",\"Time\","
		 "\"Name\","
		 "\"Output\",\"Avg\", \"Unknown\"");
	out_char(o, ',');
	put_enum(o, "scope", "\"Cluster\",\"Process\",\"Service\",\"System\",\"Unknown\"");
	out_puts(o, ",\"required\":[\"origin\",\"nature\",\"scope\"]},");
	put_typed_value(o);
	out_puts(o, "}}\n");
}
