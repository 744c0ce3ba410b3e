# The HTTP side of the stamp process.
libtaid_la_SOURCES += \
	server/stamp/io/api.c server/stamp/io/api.h \
	server/stamp/io/api_report.c server/stamp/io/api_report.h \
	server/stamp/io/api_request.c server/stamp/io/api_request.h \
	server/stamp/io/http.c server/stamp/io/http.h \
	server/stamp/io/http_guard.c server/stamp/io/http_guard.h \
	server/stamp/io/http_head.c server/stamp/io/http_head.h \
	server/stamp/io/http_listen.c server/stamp/io/http_listen.h \
	server/stamp/io/http_problem.c server/stamp/io/http_problem.h \
	server/stamp/io/stamp_main.c
