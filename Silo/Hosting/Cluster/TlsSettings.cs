namespace XLLM.Silo.Hosting.Cluster;

/// <summary>Encryption of the ports between silos. Every silo of a cluster has it, or none. Section <c>Xllm:Cluster:Tls</c>.</summary>
internal sealed class TlsSettings
{
    /// <summary>This silo's certificate: a PEM file, with its chain, or a PKCS#12 file (.pfx, .p12). Default empty: no encryption.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>The certificate's private key as a PEM file. Default empty: the key is in <see cref="Certificate"/>.</summary>
    public string Key { get; set; } = "";

    /// <summary>Password of the key or of the PKCS#12 file. Default empty: none.</summary>
    public string Password { get; set; } = "";

    /// <summary>PEM file of the authorities that other silos' certificates must be signed by. Default empty: those that the system trusts.</summary>
    /// <remarks>A certificate that is its own authority may stand here: then exactly its holders are let in.</remarks>
    public string Authority { get; set; } = "";

    /// <summary>Name that other silos' certificates must bear. Default empty: the address they are reached at.</summary>
    /// <remarks>Silos know each other by address, and certificates are commonly for one name of the whole cluster.</remarks>
    public string TargetName { get; set; } = "";

    /// <summary>Whether a caller must show a certificate too. Default true.</summary>
    /// <remarks>The ports have no other authentication: without it, encryption keeps secrets but lets everyone in.</remarks>
    public bool RequireClientCertificate { get; set; } = true;

    /// <summary>Whether it is on.</summary>
    public bool IsOn => Certificate.Length > 0;

    /// <summary>Every fault.</summary>
    public IEnumerable<string> Faults()
    {
        foreach (var (name, value) in ((string, string)[])[(nameof(Certificate), Certificate), (nameof(Key), Key), (nameof(Authority), Authority)])
        {
            if (value.Length > 0 && !File.Exists(value))
            {
                yield return $"{ClusterSettings.Section}:Tls:{name} is {value}, which is no file";
            }
        }

        if (!IsOn && (Key.Length > 0 || Authority.Length > 0))
        {
            yield return $"{ClusterSettings.Section}:Tls has a key or an authority, but no {nameof(Certificate)}";
        }
    }
}
