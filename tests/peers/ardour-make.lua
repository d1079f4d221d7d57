-- Makes a session of three tracks in the folder SESSION.
AudioEngine:set_backend("None (Dummy)", "", "")
local session = create_session(os.getenv("SESSION"), "peer", 48000)
assert(session, "no session")
for _, name in ipairs({"One", "Two", "Three"}) do
  session:new_audio_track(1, 2, nil, 1, name,
    ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
end
session:save_state("", false, false, false, false, false)
close_session()
quit()
