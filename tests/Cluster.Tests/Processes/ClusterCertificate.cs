using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using XLLM.Grains.Interfaces.Connections;

namespace XLLM.Cluster.Tests.Processes;

/// <summary>A certificate that is its own authority, in files.</summary>
internal sealed class ClusterCertificate
{
    private readonly string _certificate;
    private readonly string _key;

    public ClusterCertificate(string folder, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        (_certificate, _key) = (Path.Combine(folder, $"{name}.pem"), Path.Combine(folder, $"{name}.key"));
        File.WriteAllText(_certificate, certificate.ExportCertificatePem());
        File.WriteAllText(_key, key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Its holder's switches, as a silo.</summary>
    public string[] Switches => [$"--Xllm:Cluster:Tls:Certificate={_certificate}", $"--Xllm:Cluster:Tls:Key={_key}", $"--Xllm:Cluster:Tls:Authority={_certificate}"];

    /// <summary>Its holder's settings, as a client.</summary>
    public TlsSettings Settings => new() { Certificate = _certificate, Key = _key, Authority = _certificate };

    /// <summary>Of a client that trusts it and has none of its own.</summary>
    public TlsSettings Trusting => new() { Authority = _certificate };
}
