using System.Globalization;
using System.Net;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Connections;

namespace XLLM.Silo.Hosting.Cluster;

/// <summary>How this process joins other silos. Section <c>Xllm:Cluster</c>. The defaults are one process alone.</summary>
internal sealed class ClusterSettings
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Xllm:Cluster";

    /// <summary>No other process: membership in this one's memory, state in a SQLite file.</summary>
    public const string Alone = "none";

    /// <summary>Membership, state and reminders in one SQLite file that several processes of one host share.</summary>
    public const string Sqlite = "sqlite";

    /// <summary>Membership, state and reminders in PostgreSQL.</summary>
    public const string Postgres = "postgres";

    /// <summary>Where membership, grain state and reminders are kept: <c>none</c> (default), <c>sqlite</c>, <c>postgres</c>.</summary>
    /// <remarks>SQLite is for several processes on one host (its locks are the file system's); PostgreSQL for any number of hosts.</remarks>
    public string Store { get; set; } = Alone;

    /// <summary>Npgsql connection string, for <c>postgres</c> only. Default empty. A secret: set it by environment (<c>Xllm__Cluster__ConnectionString</c>) or <see cref="ConnectionStringFile"/>.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>File whose one line is the connection string, as secrets are mounted into containers. Default empty; read where <see cref="ConnectionString"/> is empty.</summary>
    public string ConnectionStringFile { get; set; } = "";

    /// <summary>The shared file, for <c>sqlite</c> only. Default empty: <c>xllm.db</c> in the state folder, which the processes then share.</summary>
    public string DatabasePath { get; set; } = "";

    /// <summary>Whether a start brings the database to this program's schema. Default true; false where only <c>--migrate</c> may change tables.</summary>
    public bool ApplySchema { get; set; } = true;

    /// <summary><c>both</c> (default), <c>engine</c> or <c>gateway</c>.</summary>
    public SiloRole Role { get; set; } = SiloRole.Both;

    /// <summary>Silos with the same one are one cluster. Not empty. Default <see cref="ClusterNames.ClusterId"/>.</summary>
    public string ClusterId { get; set; } = ClusterNames.ClusterId;

    /// <summary>Stored state belongs to it and outlives clusters. Not empty. Default <see cref="ClusterNames.ServiceId"/>.</summary>
    public string ServiceId { get; set; } = ClusterNames.ServiceId;

    /// <summary>Name of this silo, for people. Default empty: its role and port.</summary>
    public string Name { get; set; } = "";

    /// <summary>Address that other silos and clients reach this one at: an address, a host name, or <c>auto</c> for the first that is not loopback. Default 127.0.0.1.</summary>
    /// <remarks>The ports have no authentication without <see cref="Tls"/>, so nothing but this machine is the default.</remarks>
    public string AdvertisedAddress { get; set; } = "127.0.0.1";

    /// <summary>Listen on every address of the machine instead of <see cref="AdvertisedAddress"/> alone. Default false.</summary>
    /// <remarks>For containers whose advertised address is not their own.</remarks>
    public bool ListenOnAnyAddress { get; set; }

    /// <summary>Time in which a probed silo must answer, 100 ms to 1 min; twice as long while either of the two is seen to be slow. Default 1 s.</summary>
    /// <remarks>With <see cref="MissedProbes"/> 2 a killed silo's callers fail over after 1.0 to 1.1 s, those of one that hangs after 4.5 to 4.8 s; with Orleans' 5 s and 3 after 10.6 s. A silo whose two cores were
    /// saturated by two engine threads stayed alive at this setting; one with eight blocking thread-pool loops of 3 s did not. All measured; hence engine threads of their own (D10).</remarks>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Probes in a row that a silo may miss before it is suspected, 1 to 20. Default 2.</summary>
    /// <remarks>Measured together with <see cref="ProbeTimeout"/>.</remarks>
    public int MissedProbes { get; set; } = 2;

    /// <summary>Time between two signs of life that a silo writes into the database, 1 s to 1 min. Default 5 s.</summary>
    /// <remarks>Who has missed three is not waited for by a silo that joins: after the death of a whole cluster its silos are back within 15 s at other addresses, and at once at the old ones.
    /// Orleans' default of 30 s makes that 90 s, and saves one small write per silo and 5 s.</remarks>
    public TimeSpan AlivePeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest try to join, 1 s to 1 hour; then the process ends, and its supervisor starts it anew. Default 1 min.</summary>
    /// <remarks>A silo joins within a second where all members can be reached; longer than the 15 s of <see cref="AlivePeriod"/>.</remarks>
    public TimeSpan JoinTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether this is a pod whose name, address and labels come from Kubernetes (environment POD_NAME, POD_NAMESPACE, POD_IP). Default false.</summary>
    /// <remarks>Then silos whose pods are gone are declared dead from what Kubernetes says.</remarks>
    public bool Kubernetes { get; set; }

    /// <summary>Encryption between silos, and between silos and clients of the SDK.</summary>
    public TlsSettings Tls { get; set; } = new();

    /// <summary>Whether other processes may join.</summary>
    public bool IsCluster => Store != Alone;

    /// <summary>Whether HTTP requests of users are answered here.</summary>
    public bool ServesUsers => Role != SiloRole.Engine;

    /// <summary>Whether models are loaded here.</summary>
    public bool HostsModels => Role != SiloRole.Gateway;

    /// <summary>Every fault; none if they can be used.</summary>
    public IEnumerable<string> Faults()
    {
        if (Store is not (Alone or Sqlite or Postgres))
        {
            yield return Out(nameof(Store), Store, $"{Alone}, {Sqlite} or {Postgres}");
        }

        if (Store == Postgres && ConnectionString.Length == 0 && ConnectionStringFile.Length == 0)
        {
            yield return $"{Section}:{nameof(Store)} is {Postgres}, but neither {nameof(ConnectionString)} nor {nameof(ConnectionStringFile)} is set";
        }

        if (!Enum.IsDefined(Role))
        {
            yield return Out(nameof(Role), Role, "both, engine or gateway");
        }

        if (!IsCluster && Role != SiloRole.Both)
        {
            yield return $"{Section}:{nameof(Role)} is {Role}, but {nameof(Store)} is {Alone}: a process alone must be both";
        }

        foreach (var (name, value) in ((string, string)[])[(nameof(ClusterId), ClusterId), (nameof(ServiceId), ServiceId), (nameof(AdvertisedAddress), AdvertisedAddress)])
        {
            if (string.IsNullOrWhiteSpace(value))
            {
                yield return $"{Section}:{name} is empty";
            }
        }

        if (ProbeTimeout < TimeSpan.FromMilliseconds(100) || ProbeTimeout > TimeSpan.FromMinutes(1))
        {
            yield return Out(nameof(ProbeTimeout), ProbeTimeout, "100 ms to 1 min");
        }

        if (MissedProbes is < 1 or > 20)
        {
            yield return Out(nameof(MissedProbes), MissedProbes, "1 to 20");
        }

        if (AlivePeriod < TimeSpan.FromSeconds(1) || AlivePeriod > TimeSpan.FromMinutes(1))
        {
            yield return Out(nameof(AlivePeriod), AlivePeriod, "1 s to 1 min");
        }

        if (JoinTimeout < TimeSpan.FromSeconds(1) || JoinTimeout > TimeSpan.FromHours(1))
        {
            yield return Out(nameof(JoinTimeout), JoinTimeout, "1 s to 1 hour");
        }

        foreach (var fault in Tls.Faults($"{Section}:{nameof(Tls)}"))
        {
            yield return fault;
        }

        if (Tls.IsOn && Tls.Certificate.Length == 0)
        {
            yield return $"{Section}:{nameof(Tls)} has an authority or a name, but no {nameof(Tls.Certificate)}";
        }
    }

    /// <summary>Name that people see.</summary>
    public string SiloName(int siloPort) =>
        Name.Length > 0 ? Name : string.Create(CultureInfo.InvariantCulture, $"{(Role == SiloRole.Gateway ? "gateway" : "engine")}-{siloPort}");

    /// <summary>The connection string, from wherever it is.</summary>
    /// <exception cref="StartException">Its file cannot be read or is empty.</exception>
    public string ReadConnectionString()
    {
        if (ConnectionString.Length > 0)
        {
            return ConnectionString;
        }

        try
        {
            var text = File.ReadAllText(ConnectionStringFile).Trim();
            return text.Length > 0 ? text : throw new StartException($"{Section}:{nameof(ConnectionStringFile)} {ConnectionStringFile} is empty");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"{Section}:{nameof(ConnectionStringFile)} {ConnectionStringFile} cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>The advertised address, resolved.</summary>
    /// <exception cref="StartException">The name has no address.</exception>
    public IPAddress ResolveAddress() => SiloAddresses.Resolve(AdvertisedAddress);

    private static string Out(string option, object value, string range) =>
        string.Create(CultureInfo.InvariantCulture, $"{Section}:{option} is {value}: it must be {range}");
}
