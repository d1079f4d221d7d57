//! A workspace and an input profile for QLC+ 4: what it is set up with beforehand.

use std::fmt::Write as _;
use std::path::Path;

/// A slider of the virtual console, on the DMX channel of the same number as its place.
pub(crate) struct Slider {
    /// The path that it is bound to.
    pub(crate) path: &'static str,
    /// It shows its channel, whoever moves that.
    pub(crate) monitor: bool,
}

/// The ports of one workspace.
#[derive(Clone, Copy)]
pub(crate) struct Wiring {
    /// Where it listens.
    pub(crate) input: u16,
    /// Where it sends what is moved in it, and what goes out to the lamps.
    pub(crate) gateway: u16,
}

/// The number that QLC+ knows a path by: a CRC-16 (X.25) of its letters.
fn channel(path: &str) -> u16 {
    let crc = path.bytes().fold(0xffff_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0x8408
            } else {
                crc >> 1
            }
        })
    });
    !crc
}

/// Writes both files, the profile where a QLC+ whose home is `home` looks for it.
pub(crate) fn write(home: &Path, workspace: &Path, sliders: &[Slider], wiring: Wiring) {
    let profiles = home.join(".qlcplus/inputprofiles");
    std::fs::create_dir_all(&profiles).expect("a folder");
    std::fs::write(profiles.join("oscgate-peer.qxi"), profile(sliders)).expect("written");
    std::fs::write(workspace, show(sliders, wiring)).expect("written");
}

/// With it QLC+ knows the paths before it has heard any of them.
fn profile(sliders: &[Slider]) -> String {
    let mut channels = String::new();
    for slider in sliders {
        let (path, number) = (slider.path, channel(slider.path));
        let _ = writeln!(
            channels,
            " <Channel Number=\"{number}\"><Name>{path}</Name><Type>Slider</Type></Channel>"
        );
    }
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE InputProfile>
<InputProfile xmlns="http://www.qlcplus.org/InputProfile">
 <Creator><Name>Q Light Controller Plus</Name><Version>4.12.6</Version><Author>oscgate</Author></Creator>
 <Manufacturer>oscgate</Manufacturer><Model>peer</Model><Type>OSC</Type>
{channels}</InputProfile>
"#
    )
}

fn show(sliders: &[Slider], wiring: Wiring) -> String {
    let Wiring { input, gateway } = wiring;
    let mut widgets = String::new();
    for (at, slider) in sliders.iter().enumerate() {
        let _ = write!(
            widgets,
            r#"   <Slider Caption="{path}" ID="{at}" WidgetStyle="Slider" InvertedAppearance="false">
    <WindowState Visible="True" X="{left}" Y="10" Width="60" Height="200"/>
    {appearance}
    <SliderMode ValueDisplayStyle="Exact" ClickAndGoType="None" Monitor="{monitor}">Level</SliderMode>
    <Level LowLimit="0" HighLimit="255" Value="0"><Channel Fixture="0">{at}</Channel></Level>
    <Playback><Function>4294967295</Function></Playback>
    <Input Universe="0" Channel="{channel}"/>
   </Slider>
"#,
            path = slider.path,
            left = 10 + 80 * at,
            appearance = appearance("Sunken"),
            monitor = slider.monitor,
            channel = channel(slider.path),
        );
    }
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE Workspace>
<Workspace xmlns="http://www.qlcplus.org/Workspace" CurrentWindow="VirtualConsole">
 <Creator><Name>Q Light Controller Plus</Name><Version>4.12.6</Version><Author>oscgate</Author></Creator>
 <Engine>
  <InputOutputMap>
   <Universe Name="U0" ID="0">
    <Input Plugin="OSC" UID="127.0.0.1" Line="0" Profile="oscgate peer"><PluginParameters inputPort="{input}"/></Input>
    <Output Plugin="OSC" UID="127.0.0.1" Line="0"><PluginParameters outputIP="127.0.0.1" outputPort="{gateway}"/></Output>
    <Feedback Plugin="OSC" UID="127.0.0.1" Line="0"><PluginParameters feedbackIP="127.0.0.1" feedbackPort="{gateway}"/></Feedback>
   </Universe>
  </InputOutputMap>
  <Fixture><Manufacturer>Generic</Manufacturer><Model>Generic</Model><Mode>8 Channel</Mode><ID>0</ID><Name>Dimmers</Name><Universe>0</Universe><Address>0</Address><Channels>8</Channels></Fixture>
 </Engine>
 <VirtualConsole>
  <Frame Caption="">
   {appearance}
{widgets}  </Frame>
  <Properties><Size Width="1920" Height="1080"/><GrandMaster ChannelMode="Intensity" ValueMode="Reduce" SliderMode="Normal"/></Properties>
 </VirtualConsole>
 <SimpleDesk><Engine/></SimpleDesk>
</Workspace>
"#,
        appearance = appearance("None"),
    )
}

fn appearance(frame: &str) -> String {
    format!(
        "<Appearance><FrameStyle>{frame}</FrameStyle><ForegroundColor>Default</ForegroundColor>\
         <BackgroundColor>Default</BackgroundColor><BackgroundImage>None</BackgroundImage>\
         <Font>Default</Font></Appearance>"
    )
}

#[test]
fn a_path_has_the_number_that_qlcplus_gives_it() {
    assert_eq!(channel("/a/fader"), 13_736);
    assert_eq!(channel("/b/volume"), 12_904);
}
