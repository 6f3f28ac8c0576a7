import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.server.JournalType;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;

/** Artemis with MQTT only, its journal on disk: java -cp ... Broker PORT FOLDER. */
public class Broker {
    public static void main(String[] arguments) throws Exception {
        String folder = arguments[1];
        ConfigurationImpl configuration = new ConfigurationImpl();
        configuration.setPersistenceEnabled(true);
        configuration.setJournalType(JournalType.NIO);
        configuration.setSecurityEnabled(false);
        configuration.setJMXManagementEnabled(false);
        configuration.setJournalDirectory(folder + "/journal");
        configuration.setBindingsDirectory(folder + "/bindings");
        configuration.setLargeMessagesDirectory(folder + "/large");
        configuration.setPagingDirectory(folder + "/paging");
        configuration.addAcceptorConfiguration("mqtt", "tcp://127.0.0.1:" + arguments[0] + "?protocols=MQTT");
        EmbeddedActiveMQ broker = new EmbeddedActiveMQ();
        broker.setConfiguration(configuration);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                broker.stop();
            } catch (Exception error) {
                System.out.println("stop: " + error);
            }
        }));
        broker.start();
        Thread.currentThread().join();
    }
}
