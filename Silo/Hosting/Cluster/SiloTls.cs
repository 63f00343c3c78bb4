using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;

namespace XLLM.Silo.Hosting.Cluster;

/// <summary>Encrypts the ports of a silo.</summary>
internal static class SiloTls
{
    /// <summary>Turns encryption on if the settings say so.</summary>
    /// <exception cref="StartException">A certificate cannot be read.</exception>
    public static ISiloBuilder UseTls(this ISiloBuilder silo, TlsSettings settings)
    {
        if (!settings.IsOn)
        {
            return silo;
        }

        var own = ReadCertificate(settings);
        var authorities = ReadAuthorities(settings);
        return silo.UseTls(own, tls =>
        {
            tls.LocalCertificate = own;
            tls.CheckCertificateRevocation = false;         // authorities of clusters seldom publish lists
            tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.ClientCertificateMode = settings.RequireClientCertificate ? RemoteCertificateMode.RequireCertificate : RemoteCertificateMode.NoCertificate;
            tls.OnAuthenticateAsClient = (_, client) => client.TargetHost = settings.TargetName.Length > 0 ? settings.TargetName : own.GetNameInfo(X509NameType.DnsName, forIssuer: false);
            if (authorities is not null)
            {
                tls.RemoteCertificateValidation = (certificate, _, errors) => IsTrusted(certificate, errors, authorities);
            }
        });
    }

    /// <summary>Whether a certificate is signed by one of our authorities. Its name is checked by the caller's side; the system's opinion of the authority does not count.</summary>
    internal static bool IsTrusted(X509Certificate2? certificate, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private static X509Certificate2 ReadCertificate(TlsSettings settings)
    {
        try
        {
            if (Path.GetExtension(settings.Certificate) is ".pfx" or ".p12")
            {
                return X509CertificateLoader.LoadPkcs12FromFile(settings.Certificate, settings.Password);
            }

            var key = settings.Key.Length > 0 ? settings.Key : settings.Certificate;
            return settings.Password.Length > 0
                ? X509Certificate2.CreateFromEncryptedPemFile(settings.Certificate, settings.Password, key)
                : X509Certificate2.CreateFromPemFile(settings.Certificate, key);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new StartException($"{ClusterSettings.Section}:Tls:{nameof(TlsSettings.Certificate)} {settings.Certificate} cannot be read: {exception.Message}", exception);
        }
    }

    private static X509Certificate2Collection? ReadAuthorities(TlsSettings settings)
    {
        if (settings.Authority.Length == 0)
        {
            return null;
        }

        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(settings.Authority);
            return authorities.Count > 0
                ? authorities
                : throw new StartException($"{ClusterSettings.Section}:Tls:{nameof(TlsSettings.Authority)} {settings.Authority} has no certificate");
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new StartException($"{ClusterSettings.Section}:Tls:{nameof(TlsSettings.Authority)} {settings.Authority} cannot be read: {exception.Message}", exception);
        }
    }
}
