namespace XLLM.Grains.Interfaces.Connections;

/// <summary>Encryption of the ports between silos, and between silos and clients of the SDK. All of a cluster have it, or none. Sections <c>Xllm:Cluster:Tls</c> and <c>Xllm:Client:Tls</c>.</summary>
public sealed class TlsSettings
{
    /// <summary>One's own certificate: a PEM file, with its chain, or a PKCS#12 file (.pfx, .p12). Default empty: none; a silo must have one.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>The certificate's private key as a PEM file. Default empty: the key is in <see cref="Certificate"/>.</summary>
    public string Key { get; set; } = "";

    /// <summary>Password of the key or of the PKCS#12 file. Default empty: none.</summary>
    public string Password { get; set; } = "";

    /// <summary>PEM file of the authorities that the others' certificates must be signed by. Default empty: those that the system trusts.</summary>
    /// <remarks>A certificate that is its own authority may stand here: then exactly its holders are let in.</remarks>
    public string Authority { get; set; } = "";

    /// <summary>Name that silos' certificates must bear. Default empty: the name in <see cref="Certificate"/>; without one, the address that a silo is reached at.</summary>
    /// <remarks>Silos know each other by address, and certificates are commonly for one name of the whole cluster.</remarks>
    public string TargetName { get; set; } = "";

    /// <summary>Whether a caller must show a certificate too. Default true. Only silos ask.</summary>
    /// <remarks>The ports have no other authentication: without it, encryption keeps secrets but lets everyone in.</remarks>
    public bool RequireClientCertificate { get; set; } = true;

    /// <summary>Whether it is on: anything of <see cref="Certificate"/>, <see cref="Authority"/> and <see cref="TargetName"/> is set.</summary>
    public bool IsOn => Certificate.Length > 0 || Authority.Length > 0 || TargetName.Length > 0;

    /// <summary>Every fault.</summary>
    /// <param name="section">Where the settings were read from.</param>
    public IEnumerable<string> Faults(string section)
    {
        foreach (var (name, value) in ((string, string)[])[(nameof(Certificate), Certificate), (nameof(Key), Key), (nameof(Authority), Authority)])
        {
            if (value.Length > 0 && !File.Exists(value))
            {
                yield return $"{section}:{name} is {value}, which is no file";
            }
        }

        if (Key.Length > 0 && Certificate.Length == 0)
        {
            yield return $"{section} has a {nameof(Key)}, but no {nameof(Certificate)}";
        }
    }
}
