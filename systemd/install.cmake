# SPDX-License-Identifier: Apache-2.0
# Part of `cmake --install`: the files that name paths. DESTDIR is put before the
# places they go to, and is in none of the paths that they name.

# A directory of the installation: as it is when absolute, else below the prefix.
function(sg_place name directory)
	cmake_path(ABSOLUTE_PATH directory BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" NORMALIZE)
	set(${name} "${directory}" PARENT_SCOPE)
endfunction()

# The text with one part exchanged, which must be there.
function(sg_exchange text pattern replacement)
	if(NOT "${${text}}" MATCHES "${pattern}")
		message(FATAL_ERROR "config/streamgauge.yaml: `${pattern}` is not there")
	endif()
	string(REGEX REPLACE "${pattern}" "${replacement}" result "${${text}}")
	set(${text} "${result}" PARENT_SCOPE)
endfunction()

function(sg_write path text)
	message(STATUS "Installing: $ENV{DESTDIR}${path}")
	file(WRITE "$ENV{DESTDIR}${path}" "${text}")
	file(CHMOD "$ENV{DESTDIR}${path}" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

sg_place(SBINDIR "@CMAKE_INSTALL_SBINDIR@")
sg_place(DATADIR "@CMAKE_INSTALL_DATADIR@")
sg_place(UNITDIR "@SG_UNIT_DIR@")
# Debian's /usr and /usr/local both have their settings in /etc.
if(CMAKE_INSTALL_PREFIX MATCHES "^/(usr(/local)?/?)?$" AND "@CMAKE_INSTALL_SYSCONFDIR@" STREQUAL "etc")
	set(SYSCONFDIR /etc)
else()
	sg_place(SYSCONFDIR "@CMAKE_INSTALL_SYSCONFDIR@")
endif()
set(CONFIG "${SYSCONFDIR}/streamgauge/streamgauge.yaml")

file(READ "@PROJECT_SOURCE_DIR@/systemd/streamgauged.service.in" unit)
string(REPLACE "\@SBINDIR\@" "${SBINDIR}" unit "${unit}")
string(REPLACE "\@CONFIG\@" "${CONFIG}" unit "${unit}")
sg_write("${UNITDIR}/streamgauged.service" "${unit}")

# The shipped settings with the places of this installation.
file(READ "@PROJECT_SOURCE_DIR@/config/streamgauge.yaml" settings)
sg_exchange(settings "\nmappings_dir: mappings\n" "\nmappings_dir: ${DATADIR}/streamgauge/mappings\n")
sg_exchange(settings "\npresets_dir: presets\n" "\npresets_dir: ${DATADIR}/streamgauge/presets\n")
sg_exchange(settings "\n  # (ingest_socket: /run/streamgauge/ingest.sock)[^\n]*\n" "\n  \\1\n")
# Beside it for comparison, when an update brings new keys.
sg_write("${DATADIR}/streamgauge/streamgauge.yaml" "${settings}")
if(EXISTS "$ENV{DESTDIR}${CONFIG}")
	message(STATUS "Kept: $ENV{DESTDIR}${CONFIG}")
else()
	sg_write("${CONFIG}" "${settings}")
endif()
