//! Arguments in, exit code out.

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    runtime.block_on(async {
        let listen = std::env::args().nth(1).unwrap_or("127.0.0.1:8900".into());
        let settings = oscgate::driver::Settings {
            listen: vec![listen.parse().expect("addr")],
            may_lack_family: false,
            options: Default::default(),
        };
        let (driver, _handle) =
            oscgate::driver::Driver::bind(&settings, Default::default()).expect("bind");
        for a in driver.addresses() {
            println!("oscgate: listening on udp {a}");
        }
        println!("oscgate: ready");
        driver.run().await;
    });
}
