# For service managers. Everything goes below the prefix; a distribution overrides the folders.
systemdunitdir = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
nodist_systemdunit_DATA = packaging/taid.service packaging/tai-client.service
CLEANFILES += $(nodist_systemdunit_DATA)
EXTRA_DIST += packaging/taid.service.in packaging/tai-client.service.in packaging/sysusers.conf packaging/tmpfiles.conf
make_unit = $(AM_V_GEN)$(MKDIR_P) packaging && sed 's|@sbindir[@]|$(sbindir)|g' $(srcdir)/$@.in > $@.new && mv $@.new $@
packaging/taid.service: packaging/taid.service.in Makefile
	$(make_unit)
packaging/tai-client.service: packaging/tai-client.service.in Makefile
	$(make_unit)
install-data-local: install-packaging
install-packaging:
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)'
	$(INSTALL_DATA) $(srcdir)/packaging/sysusers.conf '$(DESTDIR)$(sysusersdir)/taistamp.conf'
	$(INSTALL_DATA) $(srcdir)/packaging/tmpfiles.conf '$(DESTDIR)$(tmpfilesdir)/taistamp.conf'
uninstall-local: uninstall-packaging
uninstall-packaging:
	rm -f '$(DESTDIR)$(sysusersdir)/taistamp.conf' '$(DESTDIR)$(tmpfilesdir)/taistamp.conf'
.PHONY: install-packaging uninstall-packaging
