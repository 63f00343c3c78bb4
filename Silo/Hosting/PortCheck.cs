using System.Net;
using System.Net.Sockets;

namespace XLLM.Silo.Hosting;

/// <summary>Asks, before anything is loaded, whether the ports are free: a second start says so at once and names the remedy.</summary>
internal static class PortCheck
{
    /// <summary>Checks the HTTP addresses and the Orleans ports.</summary>
    /// <exception cref="StartException">One of them is taken or cannot be bound.</exception>
    public static void Run(SiloOptions options)
    {
        foreach (var url in options.Urls.Split(';'))
        {
            var uri = new Uri(url);
            Try(AddressOf(uri), uri.Port, $"--urls {uri.Scheme}://{uri.Host}:{NextPort(uri.Port)}");
        }

        var address = options.Cluster.IsCluster ? options.Cluster.Kubernetes || options.Cluster.ListenOnAnyAddress ? IPAddress.Any : options.Cluster.ResolveAddress() : IPAddress.Loopback;
        Try(address, options.SiloPort, $"--silo-port {NextPort(options.SiloPort)}");
        Try(address, options.GatewayPort, $"--gateway-port {NextPort(options.GatewayPort)}");
    }

    private static int NextPort(int port) => port < 65535 ? port + 1 : port - 1;

    private static IPAddress AddressOf(Uri uri) => uri.Host switch
    {
        "localhost" => IPAddress.Loopback,
        "*" or "+" => IPAddress.Any,
        var host when IPAddress.TryParse(host.Trim('[', ']'), out var address) => address,
        _ => IPAddress.Any,
    };

    private static void Try(IPAddress address, int port, string remedy)
    {
        if (port == 0)
        {
            return;
        }

        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new StartException($"port {port} on {address} is in use: stop the other process, or start this one with {remedy}", e);
        }
        catch (SocketException e)
        {
            throw new StartException($"cannot listen on {address}:{port}: {e.Message}; choose another address with {remedy}", e);
        }
    }
}
