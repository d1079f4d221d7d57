-- Keeps the session in the folder SESSION open, and is a hand in it. Lines of standard input:
--   gain TRACK DB    mute TRACK 0|1    get TRACK    quit
io.stdout:setvbuf("line")
AudioEngine:set_backend("None (Dummy)", "", "")
local session = load_session(os.getenv("SESSION"), "peer")
assert(session, "no session")
print("READY")
local alone = PBD.GroupControlDisposition.NoGroup
for line in io.lines() do
  local words = {}
  for word in line:gmatch("%S+") do words[#words + 1] = word end
  local track = session:route_by_name(words[2])
  if words[1] == "gain" then
    track:gain_control():set_value(ARDOUR.DSP.dB_to_coefficient(tonumber(words[3])), alone)
  elseif words[1] == "mute" then
    track:mute_control():set_value(tonumber(words[3]), alone)
  elseif words[1] == "get" then
    local gain = ARDOUR.DSP.accurate_coefficient_to_dB(track:gain_control():get_value())
    print("VALUE", words[2], string.format("%.2f %d", gain, track:mute_control():get_value()))
  end
end
close_session()
