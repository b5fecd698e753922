//! The `counterfoil` program.

#![forbid(unsafe_code)]

fn main() {
    use counterfoil::app::programs;
    let a: Vec<String> = std::env::args().collect();
    let _ = match a.get(1).map(String::as_str) {
        Some("serve") => programs::serve(a.get(3).map(Into::into)),
        Some("sandbox") => programs::sandbox(&programs::SandboxOrder { port: 0, is_empty: false, json: true }),
        _ => programs::demo(&programs::DemoOrder { port: 0, xero_port: 0, data: a.get(2).map(Into::into), json: true }),
    };
}
