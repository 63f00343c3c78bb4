using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace XLLM.Silo.Hosting.Cluster;

/// <summary>The address under which a silo is known, from how its user named it.</summary>
internal static class SiloAddresses
{
    /// <summary>Asks for the first address of this machine that others can reach.</summary>
    public const string Auto = "auto";

    /// <summary>Resolves an address, a host name, or <see cref="Auto"/>; IPv4 before IPv6.</summary>
    /// <exception cref="StartException">There is none.</exception>
    public static IPAddress Resolve(string name)
    {
        if (IPAddress.TryParse(name, out var address))
        {
            return address;
        }

        var found = name == Auto ? Own() : Named(name);
        return found.OrderBy(candidate => candidate.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).FirstOrDefault()
            ?? throw new StartException($"{ClusterSettings.Section}:{nameof(ClusterSettings.AdvertisedAddress)} is '{name}', which has no address: name one that other silos reach");
    }

    private static IPAddress[] Own() =>
        [.. NetworkInterface.GetAllNetworkInterfaces()
            .Where(one => one.OperationalStatus == OperationalStatus.Up && one.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(one => one.GetIPProperties().UnicastAddresses)
            .Select(one => one.Address)
            .Where(one => !IPAddress.IsLoopback(one) && !one.IsIPv6LinkLocal)];

    private static IPAddress[] Named(string name)
    {
        try
        {
            return Dns.GetHostAddresses(name);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            return [];
        }
    }
}
