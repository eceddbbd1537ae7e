/*
 * test_changes.c - the changes of commit and import. What they lead to is what the real daemon
 * (20.10) made of them.
 */
#include <string.h>

#include "create.h"
#include "image_make.h"
#include "suites.h"

static void leads_to(const char *config, const char *lines, const char *want)
{
	AUTO_JSON json_t *doc = json_of(config);
	struct err err = { 0 };

	if (dockerd_image_change(doc, lines, &err))
		EXPECT_HAS(err.msg, want);
	else
		EXPECT_JSON(doc, want);
}

static void each_instruction(void)
{
	leads_to("{}", "CMD echo hi", "{\"Cmd\":[\"/bin/sh\",\"-c\",\"echo hi\"]}");
	leads_to("{}", "cmd [\"a\", \"b\"]", "{\"Cmd\":[\"a\",\"b\"]}");
	leads_to("{}", "EXPOSE 80 90-91/udp", "{\"ExposedPorts\":{\"80/tcp\":{},\"90/udp\":{},\"91/udp\":{}}}");
	leads_to("{}", "VOLUME /a \"/b\"", "{\"Volumes\":{\"/a\":{},\"/b\":{}}}");
	leads_to("{}", "VOLUME [\"/a\", \"/b c\"]", "{\"Volumes\":{\"/a\":{},\"/b c\":{}}}");
	leads_to("{}", "USER 7:8\nSTOPSIGNAL SIGINT", "{\"User\":\"7:8\",\"StopSignal\":\"SIGINT\"}");
	leads_to("{}", "WORKDIR a\nWORKDIR ../b/./c", "{\"WorkingDir\":\"/b/c\"}");
	leads_to("{}", "ONBUILD RUN $x", "{\"OnBuild\":[\"RUN $x\"]}");
	leads_to("{}", "LABEL a=b \"c d\"='e f'", "{\"Labels\":{\"a\":\"b\",\"c d\":\"e f\"}}");
	leads_to("{}", "HEALTHCHECK NONE", "{\"Healthcheck\":{\"Test\":[\"NONE\"]}}");
	leads_to("{}", "HEALTHCHECK --interval=1m30s --retries=2 CMD true",
		 "{\"Healthcheck\":{\"Interval\":90000000000,\"Retries\":2,\"Test\":[\"CMD-SHELL\",\"true\"]}}");
	leads_to("{}", "HEALTHCHECK CMD [\"a\"]", "{\"Healthcheck\":{\"Test\":[\"CMD\",\"a\"]}}");
}

static void entrypoint_and_command(void)
{
	leads_to("{\"Cmd\":[\"old\"]}", "ENTRYPOINT [\"e\"]", "{\"Entrypoint\":[\"e\"]}");
	leads_to("{\"Entrypoint\":[\"old\"]}", "ENTRYPOINT []", "{}");
	leads_to("{}", "CMD [\"c\"]\nENTRYPOINT [\"e\"]", "{\"Cmd\":[\"c\"],\"Entrypoint\":[\"e\"]}");
}

static void variables(void)
{
	leads_to("{\"Env\":[\"A=x\"]}", "ENV A=y B=$A", "{\"Env\":[\"A=y\",\"B=x\"]}");
	leads_to("{}", "ENV A=b\nUSER ${A}c", "{\"Env\":[\"A=b\"],\"User\":\"bc\"}");
	leads_to("{}", "ENV A b  c", "{\"Env\":[\"A=b  c\"]}");
	leads_to("{}", "USER ${A:-d}${A:+e}", "{\"User\":\"d\"}");
	leads_to("{\"Env\":[\"A=x\"]}", "USER ${A:-d}${A:+e}$B", "{\"Env\":[\"A=x\"],\"User\":\"xe\"}");
	leads_to("{\"Env\":[\"A=x\"]}", "LABEL a='$A' b=\"$A\\\"\" c=\\$A",
		 "{\"Env\":[\"A=x\"],\"Labels\":{\"a\":\"$A\",\"b\":\"x\\\"\",\"c\":\"$A\"}}");
}

static void refused(void)
{
	static const char *const bad[][2] = {
		{ "RUN true", "run is not a valid change command" },
		{ "USER", "USER requires at least one argument" },
		{ "ENV A", "ENV must have two arguments" },
		{ "LABEL a=b c", "can't find = in \"c\"" },
		{ "ENV =b", "ENV names can not be blank" },
		{ "EXPOSE http", "http" },
		{ "STOPSIGNAL SIGNOSUCH", "invalid signal: SIGNOSUCH" },
		{ "ONBUILD ONBUILD RUN x", "isn't allowed" },
		{ "ONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger" },
		{ "USER ${A", "missing '}'" },
		{ "USER ${A:x}", "unsupported modifier (:x)" },
		{ "USER \"a", "matching double-quote" },
		{ "HEALTHCHECK RUN x", "Unknown type \"RUN\" in HEALTHCHECK (try CMD)" },
		{ "HEALTHCHECK CMD", "Missing command" },
		{ "HEALTHCHECK --interval=x CMD y", "no duration of 1ms or more" },
		{ "HEALTHCHECK --nosuch=1 CMD y", "unknown flag" },
		{ "VOLUME [\"\"]", "can not be an empty string" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		leads_to("{}", bad[i][0], bad[i][1]);
}

static void completed(void)
{
	AUTO_JSON json_t *config = json_of("{\"Env\":[\"A=new\"],\"Entrypoint\":[\"e\"],\"Labels\":{\"a\":\"new\"}}");
	AUTO_JSON json_t *container = json_of(
		"{\"Hostname\":\"h\",\"Tty\":true,\"User\":\"u\",\"Env\":[\"P=x\",\"A=old\"],\"Cmd\":[\"c\"],"
		"\"Labels\":{\"a\":\"old\",\"b\":\"c\"},\"ExposedPorts\":{\"1/tcp\":{}}}");

	dockerd_config_merge(config, container);
	EXPECT_JSON(config, "{\"Env\":[\"A=new\",\"P=x\"],\"Entrypoint\":[\"e\"],\"Labels\":{\"a\":\"new\",\"b\":\"c\"},"
			    "\"User\":\"u\",\"ExposedPorts\":{\"1/tcp\":{}}}");
}

int suite_changes(void)
{
	static const CU_TestInfo tests[] = {
		{ "each instruction", each_instruction },
		{ "entrypoint and command", entrypoint_and_command },
		{ "variables", variables },
		{ "what is refused", refused },
		{ "completed from the container", completed },
		CU_TEST_INFO_NULL,
	};

	return suite_add("changes of an image", tests);
}
