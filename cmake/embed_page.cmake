# Writes OUT: FILES as the table that dnsd/server/page_assets.h declares. index.html is "/".
set(types html text/html css text/css js text/javascript svg image/svg+xml)
set(rows "")
set(bodies "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  get_filename_component(ext ${file} EXT)
  string(SUBSTRING ${ext} 1 -1 ext)
  list(FIND types ${ext} at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${file}: wanted html, css, js or svg")
  endif()
  math(EXPR at "${at} + 1")
  list(GET types ${at} type)
  set(type "${type}\\x3B charset=utf-8")  # a semicolon would end a list's element
  string(MAKE_C_IDENTIFIER "k_${name}" id)
  set(path "/${name}")
  if(name STREQUAL "index.html")
    set(path "/")
  endif()
  # As numbers: neither quotes, semicolons nor the length of a literal matter.
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," octets "${hex}")
  string(APPEND bodies "constexpr unsigned char ${id}[] = {${octets}};\n")
  string(APPEND rows "    {\"${path}\", \"${type}\", {reinterpret_cast<const char*>(${id}), sizeof ${id}}},\n")
endforeach()
file(WRITE ${OUT} "#include \"dnsd/server/page_assets.h\"\n
namespace dnsd::server {
namespace {\n
${bodies}
}  // namespace\n
std::span<const PageAsset> PageAssets() {
  static const PageAsset kAssets[] = {\n${rows}  };
  return kAssets;
}\n
}  // namespace dnsd::server\n")
